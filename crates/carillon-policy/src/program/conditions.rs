//! The conditions of many statements, each different test kept once.

use std::cell::Cell;
use std::collections::HashMap;

use crate::condition::Test;
use crate::document::Statement;
use crate::facts::Facts;

/// Which of the tests a statement has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Conjunction {
    length: u32,
    /// The number of the only test, or where a list of several begins in [`Conditions::lists`].
    start: u32,
}

/// The tests of a set's statements.
#[derive(Debug)]
pub(super) struct Conditions {
    /// Those that most statements share come first.
    tests: Box<[Test]>,
    /// Numbers of tests, in runs.
    lists: Box<[u32]>,
}

/// The tests of one set that were already made for a request, and what came of them.
#[derive(Debug, Default)]
pub(crate) struct Memo {
    made: Cell<u64>,
    held: Cell<u64>,
}

impl Conditions {
    /// The tests of all these statements, and for each statement which it has: none for those that can never
    /// apply.
    pub fn of<'a>(
        statements: impl Iterator<Item = &'a Statement> + Clone,
    ) -> (Conditions, Box<[Option<Conjunction>]>) {
        // With the place of the first, so that the order never depends on the map's.
        let mut uses: HashMap<&Test, (u32, usize)> = HashMap::new();
        for (place, test) in statements
            .clone()
            .flat_map(|statement| &statement.conditions)
            .enumerate()
        {
            uses.entry(test).or_insert((0, place)).0 += 1;
        }
        let mut tests: Vec<(&Test, (u32, usize))> = uses.into_iter().collect();
        tests.sort_by_key(|(_, (uses, place))| (std::cmp::Reverse(*uses), *place));
        let numbers: HashMap<&Test, u32> = tests.iter().map(|(test, _)| *test).zip(0..).collect();

        let mut lists: Vec<u32> = Vec::new();
        let mut known: HashMap<Vec<u32>, Conjunction> = HashMap::new();
        let conjunctions = statements
            .map(|statement| {
                if statement.conditions.contains(&Test::Never) {
                    return None;
                }
                let mut list: Vec<u32> = statement
                    .conditions
                    .iter()
                    .filter_map(|test| numbers.get(test).copied())
                    .collect();
                list.sort_unstable();
                list.dedup();
                if let [only] = *list {
                    return Some(Conjunction {
                        start: only,
                        length: 1,
                    });
                }
                if let Some(known) = known.get(&list) {
                    return Some(*known);
                }
                let conjunction = Conjunction {
                    start: u32::try_from(lists.len()).ok()?,
                    length: u32::try_from(list.len()).ok()?,
                };
                lists.extend(&list);
                known.insert(list, conjunction);
                Some(conjunction)
            })
            .collect();
        let conditions = Conditions {
            tests: tests.into_iter().map(|(test, _)| test.clone()).collect(),
            lists: lists.into(),
        };
        (conditions, conjunctions)
    }

    /// Whether all tests of a statement hold.
    #[inline]
    pub fn hold(&self, conjunction: Conjunction, facts: &Facts<'_>, memo: &Memo) -> bool {
        match conjunction.length {
            0 => true,
            1 => self.holds(conjunction.start, facts, memo),
            length => {
                let list = conjunction.start as usize..conjunction.start as usize + length as usize;
                let numbers = self.lists.get(list).unwrap_or_default();
                numbers.iter().all(|number| self.holds(*number, facts, memo))
            }
        }
    }

    fn holds(&self, number: u32, facts: &Facts<'_>, memo: &Memo) -> bool {
        let test = || {
            let test = self.tests.get(number as usize);
            test.is_some_and(|test| test.holds(facts))
        };
        memo.recall(number, test)
    }
}

impl Conjunction {
    pub fn is_empty(self) -> bool {
        self.length == 0
    }
}

impl Memo {
    fn recall(&self, number: u32, test: impl FnOnce() -> bool) -> bool {
        let Some(bit) = 1_u64.checked_shl(number) else {
            return test();
        };
        if self.made.get() & bit == 0 {
            self.made.set(self.made.get() | bit);
            if test() {
                self.held.set(self.held.get() | bit);
            }
        }
        self.held.get() & bit != 0
    }
}
