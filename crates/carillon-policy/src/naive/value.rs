//! Wildcards and typed values, plainly.

#[derive(Clone, Debug)]
pub(super) enum Token {
    Star,
    Question,
    Is(char),
}

pub(super) fn plain(text: &str, wildcards: bool) -> Vec<Token> {
    text.chars()
        .map(|character| match character {
            '*' if wildcards => Token::Star,
            '?' if wildcards => Token::Question,
            _ => Token::Is(character),
        })
        .collect()
}

/// Which prefixes of the text the pattern read so far can match, one token after the other.
pub(super) fn glob(pattern: &[Token], text: &str) -> bool {
    let text: Vec<char> = text.chars().collect();
    let mut reached = vec![false; text.len() + 1];
    reached[0] = true;
    for token in pattern {
        let mut next = vec![false; text.len() + 1];
        for length in 0..=text.len() {
            next[length] = match token {
                Token::Star => reached[..=length].contains(&true),
                Token::Question => length > 0 && reached[length - 1],
                Token::Is(character) => length > 0 && reached[length - 1] && text[length - 1] == *character,
            };
        }
        reached = next;
    }
    reached[text.len()]
}

pub(super) fn arn_parts(text: &str, modern: bool) -> Vec<String> {
    let mut parts = vec![String::new()];
    let characters: Vec<char> = text.chars().collect();
    let mut inside = false;
    for (n, character) in characters.iter().enumerate() {
        let closes_later = characters[n..].contains(&'}');
        if modern && *character == '$' && characters.get(n + 1) == Some(&'{') && closes_later {
            inside = true;
        }
        if *character == '}' {
            inside = false;
        }
        if *character == ':' && !inside && parts.len() < 6 {
            parts.push(String::new());
        } else {
            parts.last_mut().unwrap().push(*character);
        }
    }
    parts
}

pub(super) fn number(text: &str) -> Option<f64> {
    let digits = text.trim_start_matches(['+', '-']);
    let signs = text.len() - digits.len();
    let plain =
        digits.chars().all(|c| c.is_ascii_digit() || c == '.') && digits.chars().any(|c| c.is_ascii_digit());
    if signs <= 1 && plain && digits.matches('.').count() <= 1 {
        text.parse().ok()
    } else {
        None
    }
}

/// Seconds since the epoch. Good for the years and the precision that the generated cases use.
pub(super) fn date(text: &str) -> Option<f64> {
    let year_only = text.len() == 4 && text.chars().all(|c| c.is_ascii_digit());
    if !year_only && let Some(seconds) = number(text) {
        return (!text.starts_with('+')
            && !text.ends_with('.')
            && !text.trim_start_matches('-').starts_with('.'))
        .then_some(seconds);
    }
    let (day, time) = match text.split_once('T') {
        Some((day, time)) => (day, Some(time)),
        None => (text, None),
    };
    let fields: Vec<&str> = day.split('-').collect();
    if time.is_some() && fields.len() != 3 {
        return None;
    }
    let digits = |text: &str, length: usize| {
        (text.len() == length && text.chars().all(|c| c.is_ascii_digit()))
            .then(|| text.parse::<i64>().unwrap())
    };
    let (year, month, day) = match fields[..] {
        [year] => (digits(year, 4)?, 1, 1),
        [year, month] => (digits(year, 4)?, digits(month, 2)?, 1),
        [year, month, day] => (digits(year, 4)?, digits(month, 2)?, digits(day, 2)?),
        _ => return None,
    };
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let months = [
        31,
        if leap(year) { 29 } else { 28 },
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    if !(1..=12).contains(&month) || day < 1 || day > months[month as usize - 1] || year < 1970 {
        return None;
    }
    let days = (1970..year)
        .map(|year| if leap(year) { 366 } else { 365 })
        .sum::<i64>()
        + months[..month as usize - 1].iter().sum::<i64>()
        + day
        - 1;
    let mut seconds = (days * 86_400) as f64;
    if let Some(time) = time {
        let (clock, zone) = match time.find(['Z', '+', '-']) {
            Some(at) => (&time[..at], &time[at..]),
            None => (time, "Z"),
        };
        let fields: Vec<&str> = clock.split(':').collect();
        if !(2..=3).contains(&fields.len()) {
            return None;
        }
        let (hour, minute) = (digits(fields[0], 2)?, digits(fields[1], 2)?);
        let second = fields.get(2).map_or(Some(0), |second| digits(second, 2))?;
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        seconds += (hour * 3600 + minute * 60 + second) as f64;
        if zone != "Z" {
            let (hours, minutes) = zone[1..].split_once(':')?;
            let offset = (digits(hours, 2)? * 3600 + digits(minutes, 2)? * 60) as f64;
            seconds += if zone.starts_with('+') { -offset } else { offset };
        }
    }
    Some(seconds)
}

fn bits(address: &str) -> Option<Vec<bool>> {
    let octets = match address.parse::<std::net::IpAddr>().ok()? {
        std::net::IpAddr::V4(address) => address.octets().to_vec(),
        std::net::IpAddr::V6(address) => address.octets().to_vec(),
    };
    Some(
        octets
            .iter()
            .flat_map(|octet| (0..8).rev().map(move |bit| octet >> bit & 1 == 1))
            .collect(),
    )
}

pub(super) fn in_network(address: &str, network: &str) -> Option<bool> {
    let (base, prefix) = match network.split_once('/') {
        Some((base, prefix)) if prefix.chars().all(|c| c.is_ascii_digit()) => {
            (base, Some(prefix.parse().ok()?))
        }
        Some(_) => return None,
        None => (network, None),
    };
    let (base, address) = (bits(base)?, bits(address)?);
    let prefix: usize = prefix.unwrap_or(base.len());
    Some(prefix <= base.len() && base.len() == address.len() && base[..prefix] == address[..prefix])
}

pub(super) fn base64(text: &str) -> Option<Vec<bool>> {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digits = text.trim_end_matches('=');
    let mut bits = Vec::new();
    for character in digits.chars() {
        let value = ALPHABET.find(character)?;
        bits.extend((0..6).rev().map(|bit| value >> bit & 1 == 1));
    }
    let spare = bits.len() % 8;
    if spare == 6 || bits[bits.len() - spare..].contains(&true) {
        return None;
    }
    bits.truncate(bits.len() - spare);
    Some(bits)
}
