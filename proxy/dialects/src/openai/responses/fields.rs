//! Where text stands in responses.

use std::sync::LazyLock;

use crate::fields::Meaning::{Any, Name, Opaque, Repeated, Text};
use crate::fields::Speaker::{Is, Turn};
use crate::fields::{Meaning, Table, under};
use crate::message::{PartKind, Role};

const SAID: Meaning = Text(PartKind::Text, Turn);
const REFUSAL: Meaning = Text(PartKind::Refusal, Turn);
const REASONING: Meaning = Text(PartKind::Reasoning, Turn);
const ARGUMENTS: Meaning = Text(PartKind::ToolArguments, Turn);
const RESULT: Meaning = Text(PartKind::ToolResult, Turn);
const OTHER: Meaning = Any(PartKind::Other, Turn);
const DEFINED: Meaning = Any(PartKind::ToolDefinition, Is(Role::Definition));
const INSTRUCTED: Meaning = Text(PartKind::Text, Is(Role::System));

pub(super) fn request() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        let own = [REQUEST, &under("/input/*", ITEM), REST].concat();
        Table::new("input", &own)
    });
    &TABLE
}

pub(super) fn response() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        let own = [&under("/output/*", ITEM), RESPONSE].concat();
        Table::new("output", &own)
    });
    &TABLE
}

/// One item, as the events of a stream carry it.
pub(super) fn event_item() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        let own = [under("/item", ITEM), under("/response/output/*", ITEM), EVENT.to_vec()].concat();
        Table::new("", &own)
    });
    &TABLE
}

/// An item of the input or the output.
const ITEM: &[(&str, Meaning)] = &[
    ("/type", Name),
    ("/id", Name),
    ("/call_id", Name),
    ("/status", Name),
    ("/role", Name),
    ("/phase", Name),
    ("/content", SAID),
    ("/content/*", SAID),
    ("/content/*/type", Name),
    ("/content/*/text", SAID),
    ("/content/*/refusal", REFUSAL),
    ("/content/*/transcript", SAID),
    ("/content/*/logprobs", Repeated),
    ("/content/*/annotations/*/type", Name),
    ("/content/*/annotations/*/file_id", Name),
    ("/content/*/annotations/*/filename", Text(PartKind::FileName, Turn)),
    ("/content/*/detail", Name),
    ("/content/*/image_url", Opaque("image")),
    ("/content/*/file_data", Opaque("file")),
    ("/content/*/file_id", Opaque("file")),
    ("/content/*/file_url", Opaque("file")),
    ("/content/*/filename", Text(PartKind::FileName, Turn)),
    ("/content/*/input_audio", Opaque("audio")),
    ("/content/*/data", Opaque("audio")),
    ("/summary/*/type", Name),
    ("/summary/*/text", REASONING),
    ("/encrypted_content", Opaque("encrypted")),
    ("/arguments", ARGUMENTS),
    ("/input", ARGUMENTS),
    ("/code", ARGUMENTS),
    ("/queries/*", ARGUMENTS),
    ("/operation/type", Name),
    ("/operation/**", Any(PartKind::ToolArguments, Turn)),
    ("/action/type", Name),
    ("/action/sources/*/type", Name),
    ("/action/**", Any(PartKind::ToolArguments, Turn)),
    ("/actions/*/type", Name),
    ("/actions/**", Any(PartKind::ToolArguments, Turn)),
    ("/output", RESULT),
    ("/output/type", Name),
    ("/output/image_url", Opaque("image")),
    ("/output/file_id", Opaque("image")),
    ("/output/*", RESULT),
    ("/output/*/type", Name),
    ("/output/*/text", RESULT),
    ("/output/*/stdout", RESULT),
    ("/output/*/stderr", RESULT),
    ("/output/*/image_url", Opaque("image")),
    ("/output/*/file_data", Opaque("file")),
    ("/output/*/file_id", Opaque("file")),
    ("/output/*/file_url", Opaque("file")),
    ("/output/*/filename", Text(PartKind::FileName, Turn)),
    ("/outputs/*/type", Name),
    ("/outputs/*/logs", RESULT),
    ("/outputs/*/url", Opaque("image")),
    ("/results/*/file_id", Name),
    ("/results/*/filename", Text(PartKind::FileName, Turn)),
    ("/results/*/text", RESULT),
    ("/result", Opaque("image")),
    ("/tools/**/type", Name),
    ("/tools/**", DEFINED),
    ("/name", Name),
    ("/server_label", Name),
    ("/**", OTHER),
];

const REQUEST: &[(&str, Meaning)] = &[
    ("/model", Name),
    ("/input", Text(PartKind::Text, Is(Role::User))),
    ("/instructions", INSTRUCTED),
    // In an answer these repeat the text beside them; a client can write there what it likes.
    ("/input/*/content/*/logprobs/**", OTHER),
    ("/previous_response_id", Opaque("server state")),
    ("/conversation", Opaque("server state")),
    ("/prompt/id", Opaque("server state")),
    ("/prompt/version", Name),
    ("/prompt/variables/*/type", Name),
    ("/prompt/variables/*/image_url", Opaque("image")),
    ("/prompt/variables/*/file_data", Opaque("file")),
    ("/prompt/variables/*/file_id", Opaque("file")),
    ("/prompt/variables/*/file_url", Opaque("file")),
    ("/prompt/variables/**", Text(PartKind::Text, Is(Role::User))),
];

const REST: &[(&str, Meaning)] = &[
    ("/tools/**/type", Name),
    ("/tools/**/required/*", Name),
    ("/tools/**/$ref", Name),
    ("/tools/*/vector_store_ids/*", Opaque("server state")),
    ("/tools/*/authorization", Name),
    ("/tools/*/headers/**", Name),
    ("/tools/**", DEFINED),
    ("/text/format/type", Name),
    ("/text/format/schema/**/type", Name),
    ("/text/format/schema/**/required/*", Name),
    ("/text/verbosity", Name),
    ("/text/**", DEFINED),
    ("/tool_choice/**", Name),
    ("/include/*", Name),
    ("/reasoning/**", Name),
    ("/stream_options/**", Name),
    ("/service_tier", Name),
    ("/truncation", Name),
    ("/context_management/**", Name),
    ("/prompt_cache_key", Name),
    ("/prompt_cache_retention", Name),
    ("/safety_identifier", Name),
    ("/user", Name),
    ("**", OTHER),
];

const RESPONSE: &[(&str, Meaning)] = &[
    // What the server repeats of the request.
    ("/instructions/**", Repeated),
    ("/tools", Repeated),
    ("/text", Repeated),
    ("/metadata", Repeated),
    ("/prompt", Repeated),
    ("/tool_choice", Repeated),
    // What the clients put together themselves.
    ("/output_text", Repeated),
    ("/error/**", Repeated),
    ("**", Name),
];

const EVENT: &[(&str, Meaning)] = &[
    ("/delta", SAID),
    ("/text", SAID),
    ("/refusal", REFUSAL),
    ("/arguments", ARGUMENTS),
    ("/input", ARGUMENTS),
    ("/code", ARGUMENTS),
    ("/transcript", SAID),
    ("/logprobs", Repeated),
    ("/annotation/type", Name),
    ("/annotation/**", OTHER),
    ("/part/type", Name),
    ("/part/text", SAID),
    ("/part/refusal", REFUSAL),
    ("/part/logprobs", Repeated),
    ("/part/**", OTHER),
    ("/partial_image_b64", Opaque("image")),
    ("/response/output/**", OTHER),
    ("/response/instructions/**", Repeated),
    ("/response/tools", Repeated),
    ("/response/text", Repeated),
    ("/response/metadata", Repeated),
    ("/response/prompt", Repeated),
    ("/response/tool_choice", Repeated),
    ("/response/output_text", Repeated),
    ("/response/error/**", Repeated),
    ("/error/**", Repeated),
    ("/message", Repeated),
    ("**", Name),
];
