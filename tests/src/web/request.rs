//! What a client asks.

use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

/// More than this is not read.
const MAX: usize = 1 << 20;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: String,
    /// The path with its query.
    pub path: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    /// As long as it said it would be.
    pub body: String,
}

impl Request {
    /// The first header of this name, which is given in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(header, _)| header == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// Reads one request. `None` where there is none.
pub(super) async fn read(stream: &mut TcpStream) -> Option<Request> {
    let mut read = Vec::new();
    let end = loop {
        if let Some(end) = read.windows(4).position(|end| end == b"\r\n\r\n") {
            break end + 4;
        }
        more(stream, &mut read).await?;
    };
    let head = String::from_utf8_lossy(&read[..end]).into_owned();
    let mut lines = head.lines();
    let mut start = lines.next()?.split(' ');
    let (method, path) = (start.next()?.to_owned(), start.next()?.to_owned());
    let headers = lines
        .map_while(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned()))
        .collect();
    let mut request = Request { method, path, headers, body: String::new() };
    let length = request.header("content-length").and_then(|length| length.parse().ok());
    let length: usize = length.unwrap_or(0);
    while read.len() < end + length {
        more(stream, &mut read).await?;
    }
    request.body = String::from_utf8_lossy(&read[end..end + length]).into_owned();
    Some(request)
}

/// Reads on. `None` where nothing more comes, or too much.
async fn more(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<()> {
    let goes_on = read.len() <= MAX && stream.read_buf(read).await.ok()? > 0;
    goes_on.then_some(())
}
