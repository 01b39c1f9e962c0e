//! The meetings that a person was in, and what the person thought of them.

use askama::Template;
use carillon_aws::time::Timestamp;
use carillon_operation::Fault;
use http::StatusCode;
use serde_json::json;

use super::page::{self, Frame, Page, Stop};
use super::people::{People, SignedIn, again};
use super::visit::Visit;
use crate::activity::event::{Event, EventType, Facts, FeedbackRating};
use crate::activity::rows::{Visited, visited, visits};
use crate::activity::{LATE, source, take};
use crate::name::is_uuid;
use crate::user::standing::admitted;
use crate::{session, user};

/// Meetings on the page.
const MEETINGS: i64 = 30;
/// Characters of a comment.
const COMMENT: usize = 500;

#[derive(Template)]
#[template(path = "meetings.html")]
struct MeetingsPage<'a> {
    frame: Frame<'a>,
    person: &'a SignedIn,
    meetings: &'a [Visited],
}

impl Visited {
    fn title(&self) -> &str {
        self.title.as_deref().unwrap_or("Meeting")
    }

    fn rating(&self) -> Option<&'static str> {
        let rating = self.record.feedback.as_ref()?.rating?;
        Some(match rating {
            FeedbackRating::Positive => "good",
            FeedbackRating::Negative => "not good",
        })
    }
}

pub(super) async fn show(visit: &Visit<'_>) -> Result<Page, Stop> {
    let person = visit.person().await?;
    let mut tx = visit.portal.store.read().await?;
    let meetings = visits(&mut tx, &person.user.id, visit.device.now - LATE, MEETINGS).await?;
    drop(tx);
    let template = MeetingsPage {
        frame: Frame::of(&person, "/portal/meetings", "Your meetings"),
        person: &person,
        meetings: &meetings,
    };
    page::html(StatusCode::OK, &template)
}

/// Takes what a person thinks of a meeting it was in.
pub(super) async fn answer(visit: &Visit<'_>, meeting_id: &str) -> Result<Page, Stop> {
    let (person, form) = visit.person_with_form().await?;
    let Ok(rating) = form.get("rating").parse::<FeedbackRating>() else {
        return Ok(page::sorry(StatusCode::BAD_REQUEST, "Choose one of the two."));
    };
    let comment = form.get("comment").trim();
    if comment.chars().count() > COMMENT || comment.contains('\0') {
        let text = "A comment has at most 500 characters.";
        return Ok(page::sorry(StatusCode::BAD_REQUEST, text));
    }
    let comment = (!comment.is_empty()).then(|| comment.to_owned());
    let answer = Answer {
        meeting_id,
        rating,
        comment,
    };
    Ok(match again!(visit.people().submit(&person, &answer, visit))? {
        true => page::see("/portal/meetings"),
        false => page::not_found(),
    })
}

struct Answer<'a> {
    meeting_id: &'a str,
    rating: FeedbackRating,
    comment: Option<String>,
}

impl People<'_> {
    /// Says whether there is such a meeting of the person.
    async fn submit(&self, person: &SignedIn, answer: &Answer<'_>, visit: &Visit<'_>) -> Result<bool, Fault> {
        let now: Timestamp = visit.device.now;
        let mut tx = self.store.write().await?;
        // As it is now: an administrator may have been faster.
        let Some(session) = session::rows::find_by_id(&mut tx, &person.session.id).await? else {
            return Ok(false);
        };
        let Some(user) = user::rows::find_any(&mut tx, &session.user_id).await? else {
            return Ok(false);
        };
        let account = user::rows::account_of(&mut tx, &user).await?;
        if admitted(&mut tx, &user, account.as_ref()).await?.is_err() || !is_uuid(answer.meeting_id) {
            return Ok(false);
        }
        let Some(meeting) = visited(&mut tx, &user.id, answer.meeting_id).await? else {
            return Ok(false);
        };
        let is_open = meeting.ended_at > now - LATE && meeting.record.feedback.is_none();
        let Some(source) = source::portal(&mut tx).await?.filter(|_| is_open) else {
            // One answer a meeting: the page shows the one there is.
            return Ok(true);
        };
        let event = Event {
            id: format!("{}/{}", meeting.id, user.id),
            at: now,
            kind: EventType::Survey,
            meeting_id: Some(meeting.id),
            facts: Facts {
                attendee_id: Some(meeting.record.attendee_id),
                rating: Some(answer.rating),
                comment: answer.comment.clone(),
                ..Facts::default()
            },
        };
        let entropy = &*self.environment.entropy;
        take(&mut tx, entropy, &source, vec![event], now).await?;
        let details = json!({
            "userId": user.id, "accountId": user.account_id, "meetingId": answer.meeting_id,
            "sessionId": session.id,
        });
        let event = account.map(|account| {
            self.event(
                &account,
                "UserSurveySubmission",
                &visit.device,
                &user,
                details,
                None,
            )
        });
        self.conclude(tx, event.into_iter().collect()).await?;
        Ok(true)
    }
}
