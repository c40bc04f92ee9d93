//! An engine that says what it is told to, for answers that a real one gives too rarely.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::Engine;

/// What is asked (method and the beginning of the path), and the status and body of the answer.
pub(crate) type Answer = (&'static str, u16, &'static str);

/// A version that is new enough.
pub(crate) const VERSION: Answer =
    ("GET /version", 200, r#"{"Version":"20.10.0","ApiVersion":"1.41"}"#);

/// What was asked so far: method and path of each request.
pub(crate) type Asked = Arc<Mutex<Vec<String>>>;

/// Serves these answers on a loopback address for as long as the test runs; anything else is not
/// found. Of several answers to the same question each is given once, the last for good. Returns
/// the address as `DOCKER_HOST` has it.
pub(crate) async fn engine(answers: Vec<Answer>) -> String {
    listen(answers).await.0
}

/// An engine of these answers that is connected to, and what it is asked.
pub(crate) async fn connected(mut answers: Vec<Answer>) -> (Engine, Asked) {
    answers.push(VERSION);
    let (host, asked) = listen(answers).await;
    (Engine::connect_to(&host).await.unwrap(), asked)
}

async fn listen(answers: Vec<Answer>) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (answers, asked) = (Arc::new(Mutex::new(answers)), Asked::default());
    let noted = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&answers), Arc::clone(&noted)));
        }
    });
    (format!("tcp://{address}"), asked)
}

fn answer(answers: &Mutex<Vec<Answer>>, text: &str) -> Answer {
    let mut answers = answers.lock().unwrap();
    let fits = |(asked, _, _): &Answer| text.starts_with(asked);
    let Some(first) = answers.iter().position(fits) else {
        return ("", 404, r#"{"message":"no such thing"}"#);
    };
    match answers.iter().skip(first + 1).any(|other| other.0 == answers[first].0) {
        true => answers.remove(first),
        false => answers[first],
    }
}

async fn serve(mut stream: TcpStream, answers: Arc<Mutex<Vec<Answer>>>, asked: Asked) {
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
        let (_, status, body) = answer(&answers, &text);
        let line = text.lines().next().unwrap_or_default();
        asked.lock().unwrap().push(line.trim_end_matches(" HTTP/1.1").to_owned());
        let head = format!(
            "HTTP/1.1 {status} said\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
        return;
    }
}
