//! What a policy must not grant: certain access, or access to everybody.

use std::collections::BTreeMap;

use super::compare::applying;
use super::difference::{Source, Undecided, Witness, in_map, shown};
use super::effective::Stopped;
use super::formula::Formula;
use super::language::Valuation;
use super::limit::Budget;
use super::situation::{STRANGER, Side, Situation, reachable, situations, strangers, subject};
use super::solver::{Found, Solver};
use super::space::Space;
use crate::document::{Effect, PolicyType};
use crate::policies::Attached;

/// Work one check may be.
const BUDGET: usize = 3_000_000;

/// Requests that a policy grants although it should not.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Granted {
    /// One for each statement that grants some, with a request.
    pub by: Vec<(Source, Witness)>,
    /// What kept the check from being whole.
    pub undecided: Vec<Undecided>,
}

/// The statements of a policy that grant one of the actions on one of the resources to anybody. Both may be
/// patterns; an empty list stands for any. `catalogue`: actions there are known to be, to choose examples from.
pub fn granted(
    policy: &Attached,
    ty: PolicyType,
    actions: &[&str],
    resources: &[&str],
    catalogue: &[&str],
) -> Granted {
    let mut check = Check::new(policy, ty, catalogue);
    let every = situations(ty, &[policy]);
    // Whose other policies say what is of no consequence here.
    for situation in every.iter().filter(|situation| situation.is_plain()) {
        check.look(situation, Valuation::default(), actions, resources);
    }
    check.finish()
}

/// The statements of a policy that grant anything to everybody: to callers of whom it knows nothing, neither their
/// account nor organization nor network.
///
/// A range of addresses counts as knowledge of the network if it has none of some addresses spread over the
/// Internet. `catalogue`: as of [`granted`].
pub fn public(policy: &Attached, ty: PolicyType, catalogue: &[&str]) -> Granted {
    let mut check = Check::new(policy, ty, catalogue);
    for situation in strangers() {
        for address in ADDRESSES {
            check.look(&situation, stranger(&situation, address), &[], &[]);
        }
    }
    check.finish()
}

/// Public addresses, far from each other.
const ADDRESSES: [&str; 9] = [
    "17.5.7.11",
    "49.5.7.11",
    "81.5.7.11",
    "113.5.7.11",
    "145.5.7.11",
    "177.5.7.11",
    "209.5.7.11",
    "2001:4860::5",
    "2a00:1450::5",
];

/// What a request of somebody unknown says of where it comes from: nothing a policy could expect.
fn stranger(situation: &Situation, address: &str) -> Valuation {
    const ABSENT: [&str; 18] = [
        "aws:calledvia",
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceidentity",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpcarn",
        "aws:sourcevpce",
        "aws:vpcsourceip",
        "aws:username",
        "aws:federatedprovider",
        "kms:calleraccount",
        "kms:viaservice",
        "sts:externalid",
    ];
    let mut known: BTreeMap<Box<str>, Option<String>> =
        ABSENT.iter().map(|key| ((*key).into(), None)).collect();
    let mut set = |key: &str, value: Option<String>| drop(known.insert(key.into(), value));
    let account = situation.principal.account().map(ToOwned::to_owned);
    set("aws:sourceip", Some(address.to_owned()));
    set(
        "aws:userid",
        Some(
            account
                .as_ref()
                .map_or("anonymous", |_| "AIDASTRANGER")
                .to_owned(),
        ),
    );
    set(
        "aws:principalarn",
        account
            .as_ref()
            .map(|_| format!("arn:aws:iam::{STRANGER}:user/someone")),
    );
    set(
        "aws:principaltype",
        Some(account.as_ref().map_or("Anonymous", |_| "User").to_owned()),
    );
    set("aws:principalisawsservice", Some("false".to_owned()));
    set("aws:principalaccount", account);
    Valuation {
        known,
        closed: Some("aws:principaltag/"),
    }
}

struct Check<'a> {
    side: Side<'a>,
    ty: PolicyType,
    catalogue: &'a [&'a str],
    budget: Budget,
    found: Granted,
}

impl<'a> Check<'a> {
    fn new(policy: &'a Attached, ty: PolicyType, catalogue: &'a [&'a str]) -> Check<'a> {
        Check {
            side: Side {
                documents: std::slice::from_ref(policy),
                ty,
            },
            ty,
            catalogue,
            budget: Budget::new(BUDGET),
            found: Granted::default(),
        }
    }

    fn look(&mut self, situation: &Situation, valuation: Valuation, actions: &[&str], resources: &[&str]) {
        if let Err(stopped) = self.search(situation, valuation, actions, resources) {
            self.doubt(Vec::new(), stopped.to_string());
        }
    }

    fn search(
        &mut self,
        situation: &Situation,
        valuation: Valuation,
        actions: &[&str],
        resources: &[&str],
    ) -> Result<(), Stopped> {
        let mut space = Space::new(valuation);
        let grants = self.side.grants(&mut space, situation)?;
        let any_or = |texts: &[&str], formula: &mut dyn FnMut(&str) -> Formula| match texts {
            [] => Formula::True,
            texts => Formula::any(texts.iter().map(|text| formula(text)).collect::<Vec<_>>()),
        };
        let wanted = any_or(actions, &mut |text| space.action(text));
        let on = any_or(resources, &mut |text| space.wanted_resource(text));
        let scope = [wanted, on, reachable(&mut space), subject(&mut space, self.ty)];
        let question = Formula::all(scope.into_iter().chain([grants]));
        let mut solver = Solver::new(&space, &[], self.budget.take());
        for group in solver.groups(&question)? {
            for (resources, left) in solver.cases(&group.formula)? {
                let Some(first) = group.actions.first() else {
                    continue;
                };
                match solver.context(&left)? {
                    Found::Nothing => {}
                    Found::Perhaps(why) => self.doubt(vec![first.example().to_owned()], why.to_string()),
                    Found::Request(context) => {
                        let (action, resource) = (first.example(), resources.example());
                        let asked = in_map(&context);
                        let by = applying(&self.side, situation, Effect::Allow, action, resource, &asked);
                        let Some((attached, statement)) = by else { continue };
                        let source = Source::new(attached, statement);
                        if !self.found.by.iter().any(|(known, _)| *known == source) {
                            let (action, resource) = solver.request(first, &resources, self.catalogue);
                            let witness = Witness {
                                caller: situation.name(self.ty),
                                action,
                                resource,
                                context: shown(&context),
                            };
                            self.found.by.push((source, witness));
                        }
                    }
                }
            }
        }
        self.budget = solver.budget;
        Ok(())
    }

    fn doubt(&mut self, actions: Vec<String>, reason: String) {
        let undecided = Undecided { actions, reason };
        if !self.found.undecided.contains(&undecided) {
            self.found.undecided.push(undecided);
        }
    }

    /// A grant that was found settles it; doubts count only without one.
    fn finish(mut self) -> Granted {
        if !self.found.by.is_empty() {
            self.found.undecided.clear();
        }
        self.found
    }
}
