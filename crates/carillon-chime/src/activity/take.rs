//! Takes events: keeps what is new, and brings the figures up to date in the same transaction.

use std::collections::{BTreeMap, HashMap};

use carillon_aws::time::{Entropy, Timestamp};
use carillon_operation::Fault;
use carillon_store::{StoreError, WriteTx};
use sha1::{Digest, Sha1};

use super::date::Date;
use super::event::{Event, EventType, Facts, Malformed};
use super::figures::{Counting, Differences};
use super::meeting::{self, People, Person, Told};
use super::source::{PORTAL, Source};
use super::{ENDS, MEETING, rows};
use crate::attachment::{self, ConversationKind, Upload};
use crate::license::License;
use crate::user::{self, UserRow, UserType};

/// What became of a batch.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    pub new: usize,
    pub repeated: usize,
}

/// Why a batch is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NotTaken {
    #[error(transparent)]
    Malformed(#[from] Malformed),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<NotTaken> for Fault {
    fn from(reason: NotTaken) -> Self {
        match reason {
            NotTaken::Store(error) => error.into(),
            NotTaken::Malformed(malformed) => {
                Self::refused(400, "BadRequestException", malformed.to_string())
            }
        }
    }
}

/// The identifier of a meeting that a source calls `name`: a UUID of version 5 in the source's name space. No two
/// sources can speak of the same meeting.
pub(crate) fn meeting_id(source: &Source, name: &str) -> String {
    let mut digest = Sha1::new();
    digest.update(hex::decode(source.id.replace('-', "")).unwrap_or_default());
    digest.update(name.as_bytes());
    let mut bytes = [0; 16];
    for (byte, drawn) in bytes.iter_mut().zip(digest.finalize()) {
        *byte = drawn;
    }
    bytes[6] = bytes[6] & 0x0f | 0x50;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex::encode(bytes);
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
    parts.map(|(from, to)| &text[from..to]).join("-")
}

/// Takes a batch of events of a source.
pub(crate) async fn take(
    tx: &mut WriteTx,
    entropy: &dyn Entropy,
    source: &Source,
    events: Vec<Event>,
    now: Timestamp,
) -> Result<Taken, NotTaken> {
    let mut taken = Taken::default();
    let mut directory = Directory::of(source);
    let mut differences = Differences::default();
    let mut meetings: BTreeMap<String, Vec<(usize, Told)>> = BTreeMap::new();
    for (index, event) in events.into_iter().enumerate() {
        let meeting = event.meeting_id.as_deref().map(|name| match source.number {
            // The portal speaks of what others told us.
            PORTAL => name.to_owned(),
            _ => meeting_id(source, name),
        });
        let told = Told {
            source: source.number,
            id: event.id,
            at: event.at,
            kind: event.kind,
            facts: event.facts,
        };
        if !rows::insert_event(tx, &told, meeting.as_deref()).await? {
            taken.repeated += 1;
            continue;
        }
        taken.new += 1;
        match meeting {
            Some(meeting) => meetings.entry(meeting).or_default().push((index, told)),
            None => {
                let mut loose = Loose {
                    tx,
                    entropy,
                    source,
                    directory: &mut directory,
                    differences: &mut differences,
                    now,
                };
                loose.take(&told).await?;
            }
        }
    }
    for (meeting, told) in meetings {
        take_meeting(tx, source, &meeting, told, &mut directory, &mut differences).await?;
    }
    differences.apply(tx).await?;
    super::source::heard(tx, source, now).await?;
    Ok(taken)
}

/// Takes new events of one meeting.
async fn take_meeting(
    tx: &mut WriteTx,
    source: &Source,
    meeting_id: &str,
    told: Vec<(usize, Told)>,
    directory: &mut Directory<'_>,
    differences: &mut Differences,
) -> Result<(), NotTaken> {
    let standing = rows::standing(tx, meeting_id).await?;
    let (before, ended_at) = standing.unwrap_or_default();
    let count = i64::try_from(told.len()).unwrap_or(i64::MAX);
    let is_end = |kind| matches!(kind, EventType::MeetingStarted | EventType::MeetingEnded);
    let other = told.iter().find(|(_, told)| !is_end(told.kind));
    let most = other.map_or(MEETING + ENDS, |_| MEETING);
    if before + count > most {
        let index = other.or(told.first()).map_or(0, |(index, _)| *index);
        return Err(Malformed::at(index, format!("a meeting has at most {MEETING} events")).into());
    }
    let told: Vec<Told> = told.into_iter().map(|(_, told)| told).collect();
    let last_at = told.iter().map(|told| told.at).max().unwrap_or(Timestamp::MIN);
    rows::add_events(tx, meeting_id, source.number, count, last_at).await?;
    if ended_at.is_none() && !told.iter().any(|told| told.kind == EventType::MeetingEnded) {
        return Ok(());
    }
    let all = match standing {
        None => told,
        Some(_) => rows::events_of(tx, meeting_id).await?,
    };
    let (mut people, attendees) = match rows::counted(tx, meeting_id).await? {
        None => (People::new(), rows::Attendees::new()),
        Some((counting, people, attendees)) => {
            differences.meeting(&counting, -1);
            (people, attendees)
        }
    };
    // Whom an address stood for stays: people come and go, and what was stays.
    for key in meeting::addresses(&all) {
        if !people.contains_key(&key)
            && let Some(person) = directory.person(tx, &key).await?
        {
            people.insert(key, person);
        }
    }
    let Some((meeting, attending)) = meeting::fold(all, &people) else {
        return Ok(());
    };
    differences.meeting(&Counting::of(&meeting, &attending), 1);
    rows::put_meeting(tx, meeting_id, &meeting).await?;
    rows::put_attendees(tx, meeting_id, &meeting, &attending, attendees).await?;
    Ok(())
}

/// Whom addresses stand for, as far as the source may speak of them.
struct Directory<'a> {
    source: &'a Source,
    known: HashMap<String, Option<UserRow>>,
}

impl<'a> Directory<'a> {
    fn of(source: &'a Source) -> Self {
        Self {
            source,
            known: HashMap::new(),
        }
    }

    async fn user(&mut self, tx: &mut WriteTx, key: &str) -> Result<Option<&UserRow>, StoreError> {
        if !self.known.contains_key(key) {
            let found = user::rows::holder(tx, key).await?.filter(|user| {
                user.account_id
                    .as_deref()
                    .is_some_and(|account| self.source.may_speak_of(account))
            });
            self.known.insert(key.to_owned(), found);
        }
        Ok(self.known.get(key).and_then(Option::as_ref))
    }

    async fn person(&mut self, tx: &mut WriteTx, key: &str) -> Result<Option<Person>, StoreError> {
        let found = self.user(tx, key).await?;
        Ok(found.and_then(|user| {
            Some(Person {
                user_id: user.id.clone(),
                account_id: user.account_id.clone()?,
                is_pro: user.license == Some(License::Pro),
                is_device: user.user_type == UserType::SharedDevice,
            })
        }))
    }
}

/// What an event that belongs to no meeting needs.
struct Loose<'a, 'b> {
    tx: &'a mut WriteTx,
    entropy: &'a dyn Entropy,
    source: &'a Source,
    directory: &'a mut Directory<'b>,
    differences: &'a mut Differences,
    now: Timestamp,
}

impl Loose<'_, '_> {
    async fn take(&mut self, told: &Told) -> Result<(), StoreError> {
        let facts = &told.facts;
        if told.kind == EventType::AttachmentDeleted {
            let key = facts.object_key.as_deref().unwrap_or_default();
            return attachment::rows::record_deletion(self.tx, &self.source.id, key, told.at, self.now).await;
        }
        let key = crate::email::key_of(facts.email.as_deref().unwrap_or_default());
        let Some(user) = self.directory.user(self.tx, &key).await?.cloned() else {
            return Ok(());
        };
        match told.kind {
            EventType::Message => {
                if let (Some(account), UserType::PrivateUser) = (&user.account_id, user.user_type) {
                    self.differences.message(account, &user.id, Date::of(told.at));
                }
                Ok(())
            }
            EventType::AttachmentUploaded => self.upload(&user, told.at, facts).await,
            EventType::PresenceSetting => self.set_presence(user, told.at, facts).await,
            _ => Ok(()),
        }
    }

    async fn upload(&mut self, user: &UserRow, at: Timestamp, facts: &Facts) -> Result<(), StoreError> {
        let creator = match &facts.room_creator_email {
            Some(email) => self
                .directory
                .user(self.tx, &crate::email::key_of(email))
                .await?
                .cloned(),
            None => None,
        };
        let upload = Upload {
            source_id: &self.source.id,
            object_key: facts.object_key.as_deref().unwrap_or_default(),
            uploader: user,
            conversation_kind: facts.conversation_kind.unwrap_or(ConversationKind::OneToOne),
            conversation_id: facts.conversation_id.as_deref().unwrap_or_default(),
            room_creator: creator.as_ref(),
            file_name: facts.file_name.as_deref().unwrap_or_default(),
            content_type: facts.content_type.as_deref().unwrap_or_default(),
            size_bytes: facts.size_bytes.unwrap_or(0),
            sha256: facts.sha256.as_deref(),
            at,
        };
        attachment::rows::record_upload(self.tx, self.entropy, &upload, self.now).await
    }

    async fn set_presence(
        &mut self,
        mut user: UserRow,
        at: Timestamp,
        facts: &Facts,
    ) -> Result<(), StoreError> {
        let Some(presence) = facts.presence else {
            return Ok(());
        };
        if rows::note_presence(self.tx, &user.id, at).await? {
            user.presence = presence;
            user::rows::update(self.tx, &user).await?;
            self.directory.known.clear();
        }
        Ok(())
    }
}
