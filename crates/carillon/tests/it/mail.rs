//! Mail that an invitation causes, to a relay that keeps it.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;

use crate::harness::Setup;

/// Takes mail for ever, and hands on what it was told after `DATA`. The first recipient of a connection is
/// refused for now, so that a second try is needed.
fn relay() -> (String, mpsc::Receiver<String>) {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://{}", socket.local_addr().unwrap());
    let (sender, mails) = mpsc::channel();
    std::thread::spawn(move || {
        let mut is_first = true;
        for stream in socket.incoming() {
            take(stream.unwrap(), &sender, &mut is_first);
        }
    });
    (url, mails)
}

fn take(mut stream: TcpStream, mails: &mpsc::Sender<String>, is_first: &mut bool) {
    let mut lines = BufReader::new(stream.try_clone().unwrap())
        .lines()
        .map_while(Result::ok);
    stream.write_all(b"220 relay.example\r\n").unwrap();
    while let Some(line) = lines.next() {
        let answer = match line.split([' ', ':']).next().unwrap() {
            "EHLO" => "250 relay.example",
            "RCPT" if std::mem::take(is_first) => "451 later",
            "DATA" => {
                stream.write_all(b"354 go on\r\n").unwrap();
                let mail: Vec<String> = lines.by_ref().take_while(|line| line != ".").collect();
                mails.send(mail.join("\n")).unwrap();
                "250 kept"
            }
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        if stream.write_all(format!("{answer}\r\n").as_bytes()).is_err() {
            return;
        }
    }
}

#[test]
fn an_invitation_is_mailed_again_until_it_is_taken() {
    let (url, mails) = relay();
    let server = Setup::pinned()
        .env("CARILLON_SMTP_URL", &url)
        .env("CARILLON_MAIL_FROM", "Chime <chime@carillon.example>")
        .env("CARILLON_PUBLIC_URL", "https://chime.example.com/")
        .start();
    let created = server
        .signed("chime", "POST", "/accounts", r#"{"Name":"Mail"}"#)
        .json();
    let account = created["Account"]["AccountId"].as_str().unwrap();
    let invite = server.signed(
        "chime",
        "POST",
        &format!("/accounts/{account}/users?operation=add"),
        r#"{"UserEmailList":["ada@example.com"]}"#,
    );
    assert_eq!(invite.status, 201, "{invite:?}");

    let mail = mails.recv_timeout(Duration::from_secs(30)).unwrap();
    for part in [
        "From: Chime <chime@carillon.example>",
        "To: ada@example.com",
        "Auto-Submitted: auto-generated",
        "Message-ID: <",
        "https://chime.example.com/invitations/",
    ] {
        // Long lines are broken with a `=` at their end.
        assert!(mail.replace("=\n", "").contains(part), "{part} in {mail}");
    }
    assert!(!server.stderr().contains("token="), "{}", server.stderr());
}
