//! What is heard of a container while it runs: its lines, and its end. Decides nothing.

use std::sync::mpsc::Sender;

use crate::message::Message;

/// Hands on what a container prints, and that it has ended.
pub(super) struct Heard {
    pub(super) messages: Sender<Message>,
    pub(super) number: usize,
    pub(super) id: String,
}

impl Heard {
    /// The loop has ended when nobody takes it.
    pub(super) fn line(&self, line: String) {
        let _ = self.messages.send(Message::Printed { lambda: self.number, line });
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        let id = std::mem::take(&mut self.id);
        let _ = self.messages.send(Message::Ended { lambda: self.number, id });
    }
}
