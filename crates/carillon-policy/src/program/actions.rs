//! The actions an embedder knows, and the sets of policies that were compiled for them.

use std::sync::{Arc, LazyLock};

use crate::action::{ActionElement, ActionPattern};
use crate::pattern::Pattern;

use super::shared::Shared;

/// The actions that a program is asked about, each a number to the policies compiled for them.
///
/// It decides nothing: an action that is not listed costs time, because its patterns are then matched when it is
/// asked about. Make one for a program and give it to all [`Policies`](crate::Policies): callers with the same
/// attachments share what was compiled.
#[derive(Debug)]
pub struct Actions {
    /// By number: the spellings of the action in lower case, the primary one first.
    spellings: Box<[Box<[Box<str>]>]>,
    /// Every spelling with the number of its action, sorted.
    sorted: Box<[(Box<str>, ActionId)]>,
    /// Open addressing over the primary spellings. At least three of four places are empty.
    places: Box<[Option<ActionId>]>,
    pub(super) shared: Shared,
}

/// The number of an action in its [`Actions`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ActionId(u16);

impl ActionId {
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

impl Actions {
    /// No actions.
    pub(crate) fn none() -> Arc<Actions> {
        static NONE: LazyLock<Arc<Actions>> = LazyLock::new(|| Actions::new(std::iter::empty::<&str>()));
        Arc::clone(&NONE)
    }

    /// Actions with one spelling each, as `chime:ListUsers`; case does not matter.
    pub fn new<S: AsRef<str>>(actions: impl IntoIterator<Item = S>) -> Arc<Actions> {
        Actions::with_spellings(actions.into_iter().map(|action| [action]))
    }

    /// Actions with all accepted spellings, the primary one first, as [`Request::actions`](crate::Request) has
    /// them. Of two actions with one primary spelling the first counts, and of more than 65,535 those beyond
    /// are not known.
    pub fn with_spellings<S: AsRef<str>>(
        actions: impl IntoIterator<Item = impl IntoIterator<Item = S>>,
    ) -> Arc<Actions> {
        let mut spellings: Vec<Box<[Box<str>]>> = actions
            .into_iter()
            .map(|action| {
                let lower = |spelling: S| spelling.as_ref().to_ascii_lowercase().into_boxed_str();
                action.into_iter().map(lower).collect::<Box<[_]>>()
            })
            .filter(|action| !action.is_empty())
            .collect();
        spellings.sort_by(|left, right| left.first().cmp(&right.first()));
        spellings.dedup_by(|left, right| left.first() == right.first());
        spellings.truncate(usize::from(u16::MAX));
        let numbered = || (0..).map(ActionId).zip(&spellings);
        let mut sorted: Vec<(Box<str>, ActionId)> = numbered()
            .flat_map(|(id, action)| action.iter().map(move |spelling| (spelling.clone(), id)))
            .collect();
        sorted.sort();
        let size = (spellings.len() * 4).next_power_of_two();
        let mut places: Box<[Option<ActionId>]> = vec![None; size].into();
        for (id, action) in numbered() {
            let at = action.first().map_or(0, |primary| hash(primary));
            let free = (at..at + size).find(|at| places.get(at & (size - 1)).is_some_and(Option::is_none));
            if let Some(place) = free.and_then(|at| places.get_mut(at & (size - 1))) {
                *place = Some(id);
            }
        }
        Arc::new(Actions {
            spellings: spellings.into(),
            sorted: sorted.into(),
            places,
            shared: Shared::default(),
        })
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = ActionId> {
        (0..).map(ActionId).zip(&self.spellings).map(|(id, _)| id)
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.spellings.len()
    }

    /// All spellings in lower case, the primary one first.
    pub(crate) fn spellings(&self, id: ActionId) -> &[Box<str>] {
        self.spellings
            .get(id.index())
            .map(|spellings| &**spellings)
            .unwrap_or_default()
    }

    /// The action that has exactly these spellings, in whatever case.
    pub(crate) fn find(&self, actions: &[&str]) -> Option<ActionId> {
        let (primary, others) = actions.split_first()?;
        let last = self.places.len() - 1;
        let mut at = hash(primary) & last;
        loop {
            let id = (*self.places.get(at)?)?;
            let (known, known_others) = self.spellings(id).split_first()?;
            if known.eq_ignore_ascii_case(primary) {
                let mut pairs = others.iter().zip(known_others);
                let same = pairs.all(|(left, right)| left.eq_ignore_ascii_case(right));
                return (same && others.len() == known_others.len()).then_some(id);
            }
            at = (at + 1) & last;
        }
    }

    /// Which actions the element lets through.
    pub(super) fn matching(&self, element: &ActionElement) -> Bits {
        let any = |patterns: &[ActionPattern]| {
            let mut bits = Bits::new(self.count());
            for pattern in patterns {
                self.add(pattern, &mut bits);
            }
            bits
        };
        let mut bits = match (&element.action, &element.not_action) {
            (None, None) => return Bits::new(self.count()),
            (Some(patterns), _) => any(patterns),
            (None, Some(_)) => Bits::full(self.count()),
        };
        if let Some(patterns) = &element.not_action {
            bits.remove(&any(patterns));
        }
        bits
    }

    fn add(&self, pattern: &ActionPattern, bits: &mut Bits) {
        let (service, name) = match pattern {
            ActionPattern::Any => return bits.fill(self.count()),
            ActionPattern::Unusable => return,
            ActionPattern::Of { service, name } => (service, name),
        };
        let start = match name {
            Pattern::Literal(start) | Pattern::Prefix(start) => &**start,
            _ => "",
        };
        let key = format!("{service}:{start}");
        let first = self.sorted.partition_point(|(spelling, _)| **spelling < *key);
        let from = self.sorted.get(first..).unwrap_or_default();
        for (_, id) in from
            .iter()
            .take_while(|(spelling, _)| spelling.starts_with(&key))
            .filter(|(spelling, _)| pattern.matches(spelling))
        {
            bits.insert(*id);
        }
    }
}

/// Sixteen bytes are two multiplications; the texts are the embedder's own, so that nobody can choose collisions
/// among them.
fn hash(text: &str) -> usize {
    // This bit makes small letters of capitals. What else it changes is found when texts are compared.
    const SMALL: u64 = 0x2020_2020_2020_2020;
    const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
    let (words, rest) = text.as_bytes().as_chunks::<8>();
    let mut last = [0; 8];
    for (place, byte) in last.iter_mut().zip(rest) {
        *place = *byte;
    }
    let mut state = text.len() as u64;
    for word in words.iter().chain([&last]) {
        state = (state ^ (u64::from_le_bytes(*word) | SMALL)).wrapping_mul(MIX);
        state ^= state >> 32;
    }
    // What does not fit on a small machine is not needed.
    usize::try_from(state & u64::from(u32::MAX)).unwrap_or_default()
}

/// A set of actions.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Bits(Box<[u64]>);

impl Bits {
    fn new(count: usize) -> Bits {
        Bits(vec![0; count.div_ceil(64)].into())
    }

    fn full(count: usize) -> Bits {
        let mut bits = Bits::new(count);
        bits.fill(count);
        bits
    }

    fn fill(&mut self, count: usize) {
        for (n, word) in self.0.iter_mut().enumerate() {
            *word = match count - n * 64 {
                64.. => u64::MAX,
                rest => (1 << rest) - 1,
            };
        }
    }

    fn insert(&mut self, id: ActionId) {
        if let Some(word) = self.0.get_mut(id.index() / 64) {
            *word |= 1 << (id.index() % 64);
        }
    }

    fn remove(&mut self, others: &Bits) {
        for (word, other) in self.0.iter_mut().zip(&others.0) {
            *word &= !other;
        }
    }

    /// In ascending order.
    pub fn ids(&self) -> impl Iterator<Item = usize> {
        self.0.iter().enumerate().flat_map(|(n, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros();
                rest &= rest.checked_sub(1)?;
                Some(n * 64 + bit as usize)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Arc<Actions> {
        Actions::with_spellings([
            vec!["chime:ListUsers"],
            vec!["chime:GetUser"],
            vec!["chime:ListReports", "chime:ListReport"],
            vec!["s3:GetObject"],
            vec!["chime:LISTUSERS", "chime:Other"],
            vec![],
        ])
    }

    #[test]
    fn an_action_is_found_by_all_of_its_spellings_and_in_any_case() {
        let actions = sample();
        let find = |spellings: &[&str]| {
            let id = actions.find(spellings)?;
            Some(actions.spellings(id).join(" "))
        };
        let (users, reports) = ("chime:listusers", "chime:listreports chime:listreport");
        assert_eq!(find(&["chime:ListUsers"]).as_deref(), Some(users));
        assert_eq!(find(&["CHIME:listuserS"]).as_deref(), Some(users));
        assert_eq!(
            find(&["chime:ListReports", "CHIME:ListReport"]).as_deref(),
            Some(reports)
        );
        for unknown in [
            &["chime:ListUsers", "chime:Other"][..],
            &["chime:ListReports"],
            &["chime:ListReport", "chime:ListReports"],
            &["chime:ListUser"],
            // Differs from a known one in the bit that makes letters small.
            &["chime\u{1a}ListUsers"],
            &[""],
            &[],
        ] {
            assert_eq!(find(unknown), None, "{unknown:?}");
        }
        assert_eq!(Actions::none().find(&["chime:ListUsers"]), None);
    }

    #[test]
    fn elements_match_the_actions_that_have_a_matching_spelling() {
        let actions = sample();
        let matching = |allow: Option<&[&str]>, except: Option<&[&str]>| {
            let patterns = |texts: &[&str]| texts.iter().map(|text| ActionPattern::compile(text)).collect();
            let element = ActionElement {
                action: allow.map(patterns),
                not_action: except.map(patterns),
            };
            let bits = actions.matching(&element);
            for (number, spellings) in actions.spellings.iter().enumerate() {
                assert_eq!(
                    bits.ids().any(|id| id == number),
                    element.matches(spellings.iter().map(|spelling| &**spelling)),
                    "{element:?} on {spellings:?}"
                );
            }
            bits.ids().count()
        };
        assert_eq!(matching(Some(&["*"]), None), 4);
        assert_eq!(matching(Some(&["chime:*"]), None), 3);
        assert_eq!(matching(Some(&["chime:List*"]), None), 2);
        assert_eq!(matching(Some(&["chime:ListReport"]), None), 1);
        assert_eq!(matching(None, Some(&["chime:ListReport"])), 3);
        assert_eq!(matching(None, Some(&[])), 4);
        assert_eq!(
            matching(Some(&["chime:*"]), Some(&["*:GetUser", "chime:*User*"])),
            1
        );
        assert_eq!(matching(None, None), 0);
        assert_eq!(
            matching(Some(&["chim*:*", "chime:?etUser", "s3:Get?bject"]), None),
            2
        );
    }

    #[test]
    fn many_actions_are_all_found() {
        let names: Vec<String> = (0..1_000)
            .map(|n| format!("service{}:Action{n}", n % 7))
            .collect();
        let actions = Actions::new(&names);
        for name in &names {
            let id = actions.find(&[name]).unwrap();
            assert_eq!(&*actions.spellings(id)[0], name.to_lowercase());
        }
        let everything = ActionElement {
            action: Some(vec![ActionPattern::Any]),
            not_action: None,
        };
        assert_eq!(actions.matching(&everything).ids().count(), 1_000);
    }
}
