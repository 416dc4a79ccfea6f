//! A message as a mail (RFC 5322): text and HTML, attachments, and the headers that keep machines from answering it.

use super::super::{Attachment, Parcel, SendError};
use lettre::{
    Address, Message,
    message::{
        Attachment as Part, Mailbox, MultiPart, SinglePart,
        header::{ContentType, HeaderName, HeaderValue},
    },
};

/// The whole mail. Its id is the same for every attempt, so that a mail sent twice can be told by its reader's program.
pub(super) fn message(
    from: &Mailbox,
    to: &str,
    host: &str,
    parcel: &Parcel,
) -> Result<Message, SendError> {
    let letter = &parcel.letter;
    let to =
        mailbox(to).ok_or_else(|| SendError::Unsendable("the address cannot be read".into()))?;
    let mut body = MultiPart::mixed().multipart(MultiPart::alternative_plain_html(
        letter.text.clone(),
        letter.html.clone(),
    ));
    for attachment in &letter.attachments {
        body = body.singlepart(part(attachment)?);
    }
    let mut builder = Message::builder()
        .from(from.clone())
        .to(to)
        .subject(letter.subject.clone())
        .date(parcel.now.into())
        .message_id(Some(format!("<{}@{host}>", parcel.name)))
        // Nobody's holiday notice should come back for it (RFC 3834).
        .raw_header(header("Auto-Submitted", "auto-generated"))
        .raw_header(header("X-Auto-Response-Suppress", "All"));
    if !letter.language.is_empty() {
        builder = builder.raw_header(header("Content-Language", &letter.language));
    }
    if let Some(link) = &letter.unsubscribe {
        builder = builder.raw_header(header("List-Unsubscribe", &format!("<{link}>")));
    }
    builder
        .multipart(body)
        .map_err(|error| SendError::Unsendable(error.to_string()))
}

/// The recipient, the domain as it stands in the domain name system: every mail server takes `esimerkkiä.fi` so.
fn mailbox(to: &str) -> Option<Mailbox> {
    let to: Mailbox = to.parse().ok()?;
    if to.email.domain().is_ascii() {
        return Some(to);
    }
    let domain = url::Host::parse(to.email.domain()).ok()?.to_string();
    let email = Address::new(to.email.user(), domain).ok()?;
    Some(Mailbox::new(to.name, email))
}

fn part(attachment: &Attachment) -> Result<SinglePart, SendError> {
    let kind = ContentType::parse(&attachment.media_type)
        .map_err(|error| SendError::Unsendable(error.to_string()))?;
    Ok(Part::new(attachment.name.clone()).body(attachment.bytes.clone(), kind))
}

fn header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}
