//! An engine that says what it is told to, for answers that a real one gives too rarely.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What is asked (method and the beginning of the path), and the status and body of the answer.
pub(crate) type Answer = (&'static str, u16, &'static str);

/// A version that is new enough.
pub(crate) const VERSION: Answer =
    ("GET /version", 200, r#"{"Version":"20.10.0","ApiVersion":"1.41"}"#);

/// Serves these answers on a loopback address for as long as the test runs; anything else is not
/// found. Returns the address as `DOCKER_HOST` has it.
pub(crate) async fn engine(answers: Vec<Answer>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, answers.clone()));
        }
    });
    format!("tcp://{address}")
}

async fn serve(mut stream: TcpStream, answers: Vec<Answer>) {
    let mut said = Vec::new();
    loop {
        let mut buffer = [0; 16 * 1024];
        match stream.read(&mut buffer).await {
            Ok(count @ 1..) => said.extend_from_slice(&buffer[..count]),
            _ => return,
        }
        let text = String::from_utf8_lossy(&said);
        let is_whole =
            text.contains("\r\n\r\n") && (!text.contains("chunked") || text.ends_with("0\r\n\r\n"));
        if !is_whole {
            continue;
        }
        let none = ("", 404, r#"{"message":"no such thing"}"#);
        let answer = answers.iter().find(|(asked, _, _)| text.starts_with(asked));
        let (_, status, body) = answer.unwrap_or(&none);
        let head = format!(
            "HTTP/1.1 {status} said\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        return;
    }
}
