//! Where text stands in messages.

use std::sync::LazyLock;

use crate::fields::Meaning::{Any, Name, Opaque, Repeated, Text};
use crate::fields::Speaker::{Is, Turn};
use crate::fields::{Meaning, Table, under};
use crate::message::{PartKind, Role};

const SAID: Meaning = Text(PartKind::Text, Turn);
const REASONING: Meaning = Text(PartKind::Reasoning, Turn);
const ARGUMENTS: Meaning = Any(PartKind::ToolArguments, Turn);
const RESULT: Meaning = Any(PartKind::ToolResult, Turn);
const OTHER: Meaning = Any(PartKind::Other, Turn);
const DEFINED: Meaning = Any(PartKind::ToolDefinition, Is(Role::Definition));
const INSTRUCTED: Meaning = Text(PartKind::Text, Is(Role::System));

pub(super) fn request() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        let lines = [REQUEST, &under("/messages/*/content/*", BLOCK), REST].concat();
        Table::new("messages", &lines)
    });
    &TABLE
}

pub(super) fn response() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        let lines = [under("/content/*", BLOCK), RESPONSE.to_vec()].concat();
        Table::new("content", &lines)
    });
    &TABLE
}

pub(super) fn event() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        let lines =
            [under("/content_block", BLOCK), under("/message/content/*", BLOCK), EVENT.to_vec()].concat();
        Table::new("", &lines)
    });
    &TABLE
}

const REQUEST: &[(&str, Meaning)] = &[
    ("/model", Name),
    ("/system", INSTRUCTED),
    ("/system/*/type", Name),
    ("/system/*/text", INSTRUCTED),
    ("/system/*/cache_control/**", Name),
    ("/messages/*/role", Name),
    ("/messages/*/content", SAID),
    ("/messages/*/content/*", SAID),
];

/// A content block.
const BLOCK: &[(&str, Meaning)] = &[
    ("/type", Name),
    ("/id", Name),
    ("/tool_use_id", Name),
    ("/cache_control/**", Name),
    ("/caller/**", Name),
    ("/text", SAID),
    ("/citations/*/type", Name),
    ("/citations/*/encrypted_index", Repeated),
    ("/citations/**", OTHER),
    ("/thinking", REASONING),
    // The signature says what the thinking beside it says.
    ("/signature", Repeated),
    ("/data", Opaque("encrypted")),
    ("/name", Name),
    ("/server_name", Name),
    ("/input/**", ARGUMENTS),
    ("/source/type", Name),
    ("/source/media_type", Name),
    ("/source/data", Opaque("file")),
    ("/source/url", Opaque("file")),
    ("/source/file_id", Opaque("file")),
    ("/source/content/*/type", Name),
    ("/source/content/*/source", Opaque("image")),
    ("/source", SAID),
    ("/source/**", SAID),
    ("/title", Text(PartKind::FileName, Turn)),
    ("/file_id", Opaque("file")),
    ("/content/type", Name),
    ("/content/*/type", Name),
    ("/content/*/source/type", Name),
    ("/content/*/source", Opaque("image")),
    ("/content/*/encrypted_content", Opaque("encrypted")),
    ("/content/encrypted_content", Opaque("encrypted")),
    ("/content/content/source/data", Opaque("file")),
    ("/content/*/file_id", Opaque("file")),
    ("/content/**", RESULT),
    ("/**", OTHER),
];

const REST: &[(&str, Meaning)] = &[
    ("/tools/**/type", Name),
    ("/tools/**/required/*", Name),
    ("/tools/**/$ref", Name),
    ("/tools/*/cache_control/**", Name),
    ("/tools/**", DEFINED),
    ("/tool_choice/**", Name),
    ("/thinking/**", Name),
    ("/metadata/user_id", Name),
    ("/container", Name),
    ("/container/id", Opaque("server state")),
    ("/service_tier", Name),
    ("/inference_geo", Name),
    ("/speed", Name),
    ("/mcp_servers/*/authorization_token", Name),
    ("/mcp_servers/*/type", Name),
    ("/context_management/**", Name),
    ("/output_config/format/type", Name),
    ("/output_config/format/schema/**/type", Name),
    ("/output_config/format/schema/**/required/*", Name),
    ("/output_config/effort", Name),
    ("/output_config/**", DEFINED),
    ("/output_format/type", Name),
    ("/output_format/schema/**/type", Name),
    ("/output_format/schema/**/required/*", Name),
    ("/output_format/**", DEFINED),
    ("/anthropic_version", Name),
    ("**", OTHER),
];

const RESPONSE: &[(&str, Meaning)] =
    &[("/content", SAID), ("/error/**", Repeated), ("/stop_details/type", Name), ("**", Name)];

const EVENT: &[(&str, Meaning)] = &[
    ("/delta/type", Name),
    ("/delta/text", SAID),
    ("/delta/thinking", REASONING),
    ("/delta/partial_json", Text(PartKind::ToolArguments, Turn)),
    ("/delta/signature", Repeated),
    ("/delta/stop_reason", Name),
    ("/delta/stop_sequence", OTHER),
    ("/delta/stop_details/**", Name),
    ("/delta/container/**", Name),
    ("/delta/citation/type", Name),
    ("/delta/citation/encrypted_index", Repeated),
    ("/delta/**", OTHER),
    ("/error/**", Repeated),
    ("**", Name),
];
