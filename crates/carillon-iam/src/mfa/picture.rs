//! The picture that an authenticator app scans.

use carillon_operation::Fault;
use qrcode::{Color, EcLevel, QrCode};

/// White around the code, in squares. Source: ISO/IEC 18004, "quiet zone".
const MARGIN: usize = 4;
/// Pixels along the side of a square.
const SCALE: usize = 4;

/// A text as a QR code in a PNG, black on white.
pub(super) fn qr_code_png(text: &str) -> Result<Vec<u8>, Fault> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(Fault::internal)?;
    let squares = code.width();
    let colors = code.to_colors();
    let side = (squares + 2 * MARGIN) * SCALE;
    let is_dark = |x: usize, y: usize| {
        let square = |pixel: usize| (pixel / SCALE).checked_sub(MARGIN).filter(|at| *at < squares);
        square(x)
            .zip(square(y))
            .is_some_and(|(x, y)| colors[y * squares + x] == Color::Dark)
    };
    let mut pixels = Vec::with_capacity(side * side.div_ceil(8));
    for y in 0..side {
        for start in (0..side).step_by(8) {
            // The leftmost pixel is the highest bit, and what is set is white.
            let byte = (0..8).fold(0, |byte, bit| (byte << 1) | u8::from(!is_dark(start + bit, y)));
            pixels.push(byte);
        }
    }
    let side = u32::try_from(side).map_err(Fault::internal)?;
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    let mut writer = encoder.write_header().map_err(Fault::internal)?;
    writer.write_image_data(&pixels).map_err(Fault::internal)?;
    writer.finish().map_err(Fault::internal)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_can_be_read() {
        let text = format!(
            "otpauth://totp/{}@123456789012?secret={}",
            "x".repeat(128),
            "A".repeat(64)
        );
        let file = qr_code_png(&text).unwrap();
        assert!(file.starts_with(b"\x89PNG\r\n\x1a\n"));
        let mut decoder = png::Decoder::new(std::io::Cursor::new(file));
        decoder.set_transformations(png::Transformations::normalize_to_color8());
        let mut reader = decoder.read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let side = usize::try_from(info.width).unwrap();
        let mut picture =
            rqrr::PreparedImage::prepare_from_greyscale(side, side, |x, y| pixels[y * side + x]);
        let grids = picture.detect_grids();
        assert_eq!(grids.len(), 1);
        assert_eq!(grids[0].decode().unwrap().1, text);
    }
}
