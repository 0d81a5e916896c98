//! Where text stands in chat completions.

use std::sync::LazyLock;

use crate::fields::Meaning::{Any, Name, Opaque, Repeated, Text};
use crate::fields::Speaker::{Is, Turn};
use crate::fields::{Meaning, Table};
use crate::message::{PartKind, Role};

const SAID: Meaning = Text(PartKind::Text, Turn);
const REFUSAL: Meaning = Text(PartKind::Refusal, Turn);
const REASONING: Meaning = Text(PartKind::Reasoning, Turn);
const ARGUMENTS: Meaning = Text(PartKind::ToolArguments, Turn);
const OTHER: Meaning = Any(PartKind::Other, Turn);
const DEFINED: Meaning = Any(PartKind::ToolDefinition, Is(Role::Definition));

pub(super) fn request() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| Table::new("messages", REQUEST));
    &TABLE
}

pub(super) fn response() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| Table::new("choices", RESPONSE));
    &TABLE
}

pub(super) fn chunk() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| Table::new("choices", CHUNK));
    &TABLE
}

const REQUEST: &[(&str, Meaning)] = &[
    ("/model", Name),
    ("/messages/*/role", Name),
    ("/messages/*/content", SAID),
    ("/messages/*/content/*", SAID),
    ("/messages/*/content/*/type", Name),
    ("/messages/*/content/*/text", SAID),
    ("/messages/*/content/*/refusal", REFUSAL),
    ("/messages/*/content/*/thinking", REASONING),
    ("/messages/*/content/*/thinking/*/text", REASONING),
    ("/messages/*/content/*/image_url", Opaque("image")),
    ("/messages/*/content/*/input_audio", Opaque("audio")),
    ("/messages/*/content/*/audio_url", Opaque("audio")),
    ("/messages/*/content/*/video_url", Opaque("video")),
    ("/messages/*/content/*/input_video", Opaque("video")),
    ("/messages/*/content/*/file/filename", Text(PartKind::FileName, Turn)),
    ("/messages/*/content/*/file/file_data", Opaque("file")),
    ("/messages/*/content/*/file/file_id", Opaque("file")),
    ("/messages/*/content/*/file/file_url", Opaque("file")),
    ("/messages/*/content/*/cache_control/**", Name),
    ("/messages/*/content/*/prompt_cache_breakpoint/**", Name),
    ("/messages/*/refusal", REFUSAL),
    ("/messages/*/reasoning", REASONING),
    ("/messages/*/reasoning_content", REASONING),
    ("/messages/*/reasoning_details/*/text", REASONING),
    ("/messages/*/reasoning_details/*/summary", REASONING),
    ("/messages/*/reasoning_details/*/data", Opaque("encrypted")),
    ("/messages/*/reasoning_details/*/signature", Repeated),
    ("/messages/*/reasoning_details/**", Name),
    ("/messages/*/tool_calls/*/id", Name),
    ("/messages/*/tool_calls/*/type", Name),
    ("/messages/*/tool_calls/*/function/arguments", ARGUMENTS),
    ("/messages/*/tool_calls/*/custom/input", ARGUMENTS),
    ("/messages/*/function_call/arguments", ARGUMENTS),
    ("/messages/*/tool_call_id", Name),
    ("/messages/*/audio", Opaque("audio")),
    ("/messages/*/cache_control/**", Name),
    ("/tools/**/type", Name),
    ("/tools/**/required/*", Name),
    ("/tools/**/$ref", Name),
    ("/tools/**", DEFINED),
    ("/functions/**/type", Name),
    ("/functions/**/required/*", Name),
    ("/functions/**", DEFINED),
    ("/response_format/type", Name),
    ("/response_format/json_schema/schema/**/type", Name),
    ("/response_format/json_schema/schema/**/required/*", Name),
    ("/response_format/**", DEFINED),
    ("/prediction/type", Name),
    ("/prediction/content", Text(PartKind::Text, Is(Role::User))),
    ("/prediction/content/*/type", Name),
    ("/prediction/content/*/text", Text(PartKind::Text, Is(Role::User))),
    ("/tool_choice/**", Name),
    ("/function_call/**", Name),
    ("/stream_options/**", Name),
    ("/modalities/*", Name),
    ("/audio/**", Name),
    ("/reasoning_effort", Name),
    ("/reasoning/**", Name),
    ("/thinking/**", Name),
    ("/verbosity", Name),
    ("/service_tier", Name),
    ("/prompt_cache_key", Name),
    ("/prompt_cache_retention", Name),
    ("/safety_identifier", Name),
    ("/user", Name),
    ("**", OTHER),
];

const RESPONSE: &[(&str, Meaning)] = &[
    ("/choices/*/finish_reason", Name),
    ("/choices/*/native_finish_reason", Name),
    ("/choices/*/logprobs", Repeated),
    ("/choices/*/content_filter_results/**", Name),
    ("/choices/*/message/role", Name),
    ("/choices/*/message/content", SAID),
    ("/choices/*/message/content/*/type", Name),
    ("/choices/*/message/content/*/text", SAID),
    ("/choices/*/message/content/*/refusal", REFUSAL),
    ("/choices/*/message/content/*/thinking", REASONING),
    ("/choices/*/message/content/*/thinking/*/text", REASONING),
    ("/choices/*/message/refusal", REFUSAL),
    ("/choices/*/message/reasoning", REASONING),
    ("/choices/*/message/reasoning_content", REASONING),
    ("/choices/*/message/reasoning_details/*/text", REASONING),
    ("/choices/*/message/reasoning_details/*/summary", REASONING),
    ("/choices/*/message/reasoning_details/*/data", Opaque("encrypted")),
    ("/choices/*/message/reasoning_details/*/signature", Repeated),
    ("/choices/*/message/reasoning_details/**", Name),
    ("/choices/*/message/tool_calls/*/function/name", Name),
    ("/choices/*/message/tool_calls/*/function/arguments", ARGUMENTS),
    ("/choices/*/message/tool_calls/*/custom/input", ARGUMENTS),
    ("/choices/*/message/tool_calls/*/**", Name),
    ("/choices/*/message/function_call/arguments", ARGUMENTS),
    ("/choices/*/message/function_call/name", Name),
    ("/choices/*/message/audio/transcript", SAID),
    ("/choices/*/message/audio/data", Opaque("audio")),
    ("/choices/*/message/audio/**", Name),
    ("/choices/*/message/images/*", Opaque("image")),
    ("/choices/*/message/annotations/*/type", Name),
    ("/choices/*/message/**", OTHER),
    ("/error/**", Repeated),
    ("**", Name),
];

const CHUNK: &[(&str, Meaning)] = &[
    ("/choices/*/finish_reason", Name),
    ("/choices/*/native_finish_reason", Name),
    ("/choices/*/logprobs", Repeated),
    ("/choices/*/content_filter_results/**", Name),
    ("/choices/*/delta/role", Name),
    ("/choices/*/delta/content", SAID),
    ("/choices/*/delta/content/*/type", Name),
    ("/choices/*/delta/content/*/text", SAID),
    ("/choices/*/delta/content/*/thinking", REASONING),
    ("/choices/*/delta/content/*/thinking/*/text", REASONING),
    ("/choices/*/delta/refusal", REFUSAL),
    ("/choices/*/delta/reasoning", REASONING),
    ("/choices/*/delta/reasoning_content", REASONING),
    // OpenRouter sends the same words here and in `reasoning`; both are read, neither is trusted.
    ("/choices/*/delta/reasoning_details/*/text", REASONING),
    ("/choices/*/delta/reasoning_details/*/summary", REASONING),
    ("/choices/*/delta/reasoning_details/*/data", Opaque("encrypted")),
    ("/choices/*/delta/reasoning_details/*/signature", Repeated),
    ("/choices/*/delta/reasoning_details/**", Name),
    ("/choices/*/delta/tool_calls/*/function/arguments", ARGUMENTS),
    ("/choices/*/delta/tool_calls/*/custom/input", ARGUMENTS),
    ("/choices/*/delta/tool_calls/*/**", Name),
    ("/choices/*/delta/function_call/arguments", ARGUMENTS),
    ("/choices/*/delta/function_call/name", Name),
    ("/choices/*/delta/audio/transcript", SAID),
    ("/choices/*/delta/audio/data", Opaque("audio")),
    ("/choices/*/delta/audio/**", Name),
    ("/choices/*/delta/annotations/*/type", Name),
    ("/choices/*/delta/images/*", Opaque("image")),
    ("/choices/*/delta/**", OTHER),
    // Servers that send a whole message in a chunk.
    ("/choices/*/message/content", SAID),
    ("/choices/*/message/**", OTHER),
    ("/error/**", Repeated),
    ("**", Name),
];
