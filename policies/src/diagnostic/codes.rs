//! Every code a diagnostic can carry, with the page it has in the reference.
//!
//! `P0xx` come from the compiler, `P1xx` from lint, `P2xx` from policy tests. A code keeps its meaning
//! for ever; one that is no longer used leaves a gap.

/// A kind of thing that can be wrong.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// The stable name: `P012`.
    pub id: &'static str,
    /// In a line.
    pub title: &'static str,
    /// At length: why it is wrong and what to do.
    pub explanation: &'static str,
}

/// Not YAML.
pub static YAML_SYNTAX: Code = code(
    "P001",
    "not YAML",
    "The file is not YAML, so nothing in it was read. Everything from the place shown on may be \
     affected; most often it is a tab, a missing space after a colon, a quote that was not \
     closed, or an indentation that fits nothing above.",
);

/// The same entry twice.
pub static YAML_DUPLICATE_KEY: Code = code(
    "P002",
    "the same entry twice",
    "YAML readers disagree on which of two equal entries counts, so neither is taken. Remove one.",
);

/// The file unfolds into too much.
pub static YAML_BUDGET: Code = code(
    "P003",
    "the file unfolds into too much",
    "Aliases and nesting can turn a few lines into millions of values. A policy file may repeat \
     anchors, within limits no honest policy reaches: 200,000 values, 1,000 aliases, 24 levels.",
);

/// Not a document demur knows.
pub static DOCUMENT_KIND: Code = code(
    "P004",
    "not a document demur knows",
    "Every document states `apiVersion: demur/v1` and a `kind`: `Policy` or `Guidance`.",
);

/// Unknown field.
pub static UNKNOWN_FIELD: Code = code(
    "P005",
    "unknown field",
    "The field is not part of the language. A misspelt field that is silently ignored would leave \
     a rule without its guard, so it is an error.",
);

/// Missing field.
pub static MISSING_FIELD: Code = code(
    "P006",
    "missing field",
    "The field has no default, because no default would be right for everybody.",
);

/// Wrong type of value.
pub static WRONG_TYPE: Code = code(
    "P007",
    "wrong type of value",
    "The field takes another type of value. Quote what should be a text; write lists with `-` or \
     in brackets.",
);

/// Two rules with one id.
pub static DUPLICATE_RULE: Code = code(
    "P008",
    "two rules with one id",
    "A decision names its rule by id; records, metrics and comparisons rely on it. Give every \
     rule of a policy an id of its own.",
);

/// Two policies with one name.
pub static DUPLICATE_POLICY: Code = code(
    "P009",
    "two policies with one name",
    "A decision names its policy. Two files with one policy usually mean that a copy was left \
     behind.",
);

/// Not a condition.
pub static CONDITION_SYNTAX: Code = code(
    "P010",
    "not a condition",
    "Conditions are written in CEL: comparisons joined by `&&`, `||` and `!`, texts in quotes.",
);

/// A condition too large.
pub static CONDITION_SIZE: Code = code(
    "P011",
    "a condition too large",
    "What a condition costs is bounded when it is compiled: 4,096 characters, 40 levels, 2,000 \
     steps with all named conditions written out.",
);

/// Unknown name.
pub static UNKNOWN_NAME: Code = code(
    "P012",
    "unknown name",
    "Conditions may read the signals of the reference and the conditions, thresholds and lexicons \
     the policy itself declares, and nothing else.",
);

/// Wrong type in a condition.
pub static CONDITION_TYPE: Code = code(
    "P013",
    "wrong type in a condition",
    "The two sides of an operator do not fit. Such a comparison would always be false, so it is \
     refused when the policy is compiled and not found out in traffic.",
);

/// A threshold outside 0..1.
pub static THRESHOLD_RANGE: Code = code(
    "P014",
    "a threshold outside 0..1",
    "Scores are probabilities. A threshold of `80` would never be reached; `0.8` was probably \
     meant.",
);

/// Not a value this signal can have.
pub static UNKNOWN_VALUE: Code = code(
    "P015",
    "not a value this signal can have",
    "The signal has a fixed set of values, and a comparison with any other would always be false.",
);

/// An index that is not written out.
pub static COMPUTED_INDEX: Code = code(
    "P016",
    "an index that is not written out",
    "What a condition reads must be known before it runs, because only those classifiers are run. \
     So an index has to be a text in quotes.",
);

/// A part of CEL that conditions do not have.
pub static CEL_SUBSET: Code = code(
    "P017",
    "a part of CEL that conditions do not have",
    "Conditions end, always, and cost little: no loops over lists, no functions but those of the \
     reference.",
);

/// A signal this phase does not have.
pub static PHASE_SIGNAL: Code = code(
    "P018",
    "a signal this phase does not have",
    "Request rules run before the upstream has answered, so they cannot read the response.",
);

/// A signal without its classifier.
pub static NO_CLASSIFIER: Code = code(
    "P019",
    "a signal without its classifier",
    "The rule reads a signal whose classifier is not loaded. It would be unknown for every \
     request.",
);

/// A deciding rule that does not say what an unknown means.
pub static ON_UNKNOWN_MISSING: Code = code(
    "P020",
    "a deciding rule that does not say what an unknown means",
    "A classifier may abstain or be unavailable. Whether the request then goes on or ends is a \
     choice with consequences either way, and demur does not make it for you: `onUnknown: skip`, \
     `block`, `allow` or `apply`.",
);

/// A repair of an undecided prompt.
pub static ON_UNKNOWN_REPAIR: Code = code(
    "P021",
    "a repair of an undecided prompt",
    "A repair works against a refusal, so it needs to know that the prompt is harmless. \
     `onUnknown: apply` would run it when that is not known.",
);

/// A repair that does not bound harm.
pub static HARM_UNBOUNDED: Code = code(
    "P022",
    "a repair that does not bound harm",
    "A rule that repairs, rephrases, adds ignore-words or asks another upstream after a refusal \
     must hold for harmless prompts only: in every way its condition can be true, \
     `prompt.harm.score` must lie below the harm threshold, or `prompt.quadrant` must be `comply` \
     or `over_refusal`.",
);

/// Unknown action.
pub static UNKNOWN_ACTION: Code = code("P023", "unknown action", "The action is not part of the language.");

/// An action this phase does not have.
pub static PHASE_ACTION: Code = code(
    "P024",
    "an action this phase does not have",
    "A request rule has no answer to rewrite, and a response rule no request to change; a \
     `repair` is how a response rule asks again with a changed request.",
);

/// Actions that do not fit together.
pub static ACTION_ORDER: Code = code(
    "P025",
    "actions that do not fit together",
    "A rule may change several things and decide once, last: what stands after a decision would \
     never happen.",
);

/// Unknown upstream.
pub static UNKNOWN_UPSTREAM: Code =
    code("P026", "unknown upstream", "The configuration declares no upstream of that name.");

/// An action that needs a helper model.
pub static NO_HELPER: Code = code(
    "P027",
    "an action that needs a helper model",
    "Rephrasing, and rewriting by a model, ask a helper. Configure one, or use reviewed guidance, \
     which needs none.",
);

/// A value out of range.
pub static BAD_VALUE: Code = code(
    "P028",
    "a value out of range",
    "The field takes values from a range, or of a certain form, and this is not one of them.",
);

/// Unknown category of harm.
pub static UNKNOWN_CATEGORY: Code = code(
    "P029",
    "unknown category of harm",
    "Prompts and answers share one taxonomy of harm, listed in the reference.",
);

/// Guidance twice for one category.
pub static DUPLICATE_GUIDANCE: Code = code(
    "P030",
    "guidance twice for one category",
    "A category has one reviewed text. With two, which one a person gets would depend on the \
     order of files.",
);

/// Named conditions in a circle.
pub static CONDITION_CYCLE: Code = code(
    "P031",
    "named conditions in a circle",
    "A named condition may use others, but not itself, however long the way round.",
);

/// No upstream with that capability.
pub static NO_SUCH_CAPABILITY: Code = code(
    "P032",
    "no upstream with that capability",
    "No declared upstream has the capability this rule reroutes to.",
);

/// A policy without rules.
pub static NOTHING_HERE: Code = code(
    "P033",
    "a policy without rules",
    "An empty policy does nothing, which is rarely what was meant: a missing indentation, most \
     often. A policy that is to do nothing for a while can have `mode: off` on its rules.",
);

/// Not a pattern.
pub static BAD_GLOB: Code = code("P034", "not a pattern", "Patterns are globs: `*`, `?`, `[a-z]`, `{a,b}`.");

/// A rule that can never fire.
pub static NEVER_FIRES: Code = code(
    "P101",
    "a rule that can never fire",
    "No exchange makes the condition true, or the rule is switched off by its own rollout. It \
     reads as protection and is none.",
);

/// A rule that is never reached.
pub static SHADOWED: Code =
    code("P102", "a rule that is never reached", "A rule above it decides whenever this one would.");

/// A rule that passes over abstention.
pub static IGNORES_ABSTENTION: Code = code(
    "P103",
    "a rule that passes over abstention",
    "It guards against harm and says `onUnknown: skip`, and no other rule takes the undecided \
     prompts: whatever the classifier is unsure of goes through.",
);

/// A threshold on an uncalibrated score.
pub static NO_CALIBRATION: Code = code(
    "P104",
    "a threshold on an uncalibrated score",
    "The classifier has no calibration, so its score is no probability and a threshold on it \
     means nothing in particular.",
);

/// An exception that has expired.
pub static EXPIRED: Code = code(
    "P105",
    "an exception that has expired",
    "The date in `expires` has passed, and the rule is no longer asked. Renew it or remove it.",
);

/// A block without reviewed text.
pub static NO_GUIDANCE: Code = code(
    "P106",
    "a block without reviewed text",
    "The rule blocks without a message of its own, and there is no guidance for a category it \
     blocks, so people get a stock sentence.",
);

/// A category without a score.
pub static CATEGORY_ALONE: Code = code(
    "P107",
    "a category without a score",
    "The category is the likeliest one however small the score, so a harmless prompt has one too. \
     Bound the score in the same condition.",
);

/// A declaration nobody uses.
pub static UNUSED: Code =
    code("P108", "a declaration nobody uses", "A condition, threshold or lexicon that no rule reads.");

/// An exception without an owner.
pub static EXCEPTION_OWNER: Code = code(
    "P109",
    "an exception without an owner",
    "A rule that expires is a promise to look at it again. Say who will.",
);

/// A rule that decides everything.
pub static TAKES_ALL: Code = code(
    "P110",
    "a rule that decides everything",
    "A deciding rule without a condition and without `appliesTo` ends the phase for every \
     exchange: no rule below it is ever asked.",
);

/// Not a test file.
pub static TEST_FORM: Code = code(
    "P201",
    "not a test file",
    "A test file holds `cases`; each has a `name`, `facts` or a `request`, and what is expected.",
);

/// A test for a rule that does not exist.
pub static TEST_TARGET: Code = code(
    "P202",
    "a test for a rule that does not exist",
    "The rule a case expects is not in the policies under test.",
);

/// All of them, by id.
pub static CODES: &[&Code] = &[
    &YAML_SYNTAX,
    &YAML_DUPLICATE_KEY,
    &YAML_BUDGET,
    &DOCUMENT_KIND,
    &UNKNOWN_FIELD,
    &MISSING_FIELD,
    &WRONG_TYPE,
    &DUPLICATE_RULE,
    &DUPLICATE_POLICY,
    &CONDITION_SYNTAX,
    &CONDITION_SIZE,
    &UNKNOWN_NAME,
    &CONDITION_TYPE,
    &THRESHOLD_RANGE,
    &UNKNOWN_VALUE,
    &COMPUTED_INDEX,
    &CEL_SUBSET,
    &PHASE_SIGNAL,
    &NO_CLASSIFIER,
    &ON_UNKNOWN_MISSING,
    &ON_UNKNOWN_REPAIR,
    &HARM_UNBOUNDED,
    &UNKNOWN_ACTION,
    &PHASE_ACTION,
    &ACTION_ORDER,
    &UNKNOWN_UPSTREAM,
    &NO_HELPER,
    &BAD_VALUE,
    &UNKNOWN_CATEGORY,
    &DUPLICATE_GUIDANCE,
    &CONDITION_CYCLE,
    &NO_SUCH_CAPABILITY,
    &NOTHING_HERE,
    &BAD_GLOB,
    &NEVER_FIRES,
    &SHADOWED,
    &IGNORES_ABSTENTION,
    &NO_CALIBRATION,
    &EXPIRED,
    &NO_GUIDANCE,
    &CATEGORY_ALONE,
    &UNUSED,
    &EXCEPTION_OWNER,
    &TAKES_ALL,
    &TEST_FORM,
    &TEST_TARGET,
];

/// The code of that id.
pub fn find(id: &str) -> Option<&'static Code> {
    CODES.iter().copied().find(|code| code.id == id)
}

const fn code(id: &'static str, title: &'static str, explanation: &'static str) -> Code {
    Code { id, title, explanation }
}

#[cfg(test)]
mod tests {
    use super::CODES;

    #[test]
    fn ids_are_sorted_and_said_once() {
        assert!(CODES.windows(2).all(|pair| pair[0].id < pair[1].id));
        assert!(CODES.iter().all(|code| code.explanation.ends_with('.') && !code.title.ends_with('.')));
    }
}
