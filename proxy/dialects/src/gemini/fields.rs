//! Where text stands in Gemini's contents, under both spellings.

use std::sync::LazyLock;

use crate::fields::Meaning::{Any, Name, Opaque, Repeated, Text};
use crate::fields::Speaker::{Is, Turn};
use crate::fields::{Meaning, Table, under};
use crate::message::{PartKind, Role};

const SAID: Meaning = Text(PartKind::Text, Turn);
const INSTRUCTED: Meaning = Text(PartKind::Text, Is(Role::System));
const ARGUMENTS: Meaning = Any(PartKind::ToolArguments, Turn);
const RESULT: Meaning = Any(PartKind::ToolResult, Turn);
const OTHER: Meaning = Any(PartKind::Other, Turn);
const DEFINED: Meaning = Any(PartKind::ToolDefinition, Is(Role::Definition));

pub(super) fn request() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        let lines = [
            under("/contents/*/parts/*", PART),
            under("/contents/parts/*", PART),
            // The servers take one part, or a bare string, without the list around it.
            under("/contents/*/parts", PART),
            REQUEST.to_vec(),
        ];
        Table::new("contents", &lines.concat())
    });
    &TABLE
}

pub(super) fn response() -> &'static Table {
    static TABLE: LazyLock<Table> = LazyLock::new(|| {
        let lines = [under("/candidates/*/content/parts/*", PART), RESPONSE.to_vec()];
        Table::new("candidates", &lines.concat())
    });
    &TABLE
}

/// A part of a content.
const PART: &[(&str, Meaning)] = &[
    ("/text", SAID),
    ("/thoughtSignature", Repeated),
    ("/thought_signature", Repeated),
    ("/inlineData/displayName", Text(PartKind::FileName, Turn)),
    ("/inlineData/data", Opaque("file")),
    ("/inlineData/mimeType", Name),
    ("/inline_data/display_name", Text(PartKind::FileName, Turn)),
    ("/inline_data/data", Opaque("file")),
    ("/inline_data/mime_type", Name),
    ("/fileData/displayName", Text(PartKind::FileName, Turn)),
    ("/fileData/fileUri", Opaque("file")),
    ("/fileData/mimeType", Name),
    ("/file_data/display_name", Text(PartKind::FileName, Turn)),
    ("/file_data/file_uri", Opaque("file")),
    ("/file_data/mime_type", Name),
    ("/functionCall/id", Name),
    ("/functionCall/name", Name),
    ("/functionCall/**", ARGUMENTS),
    ("/function_call/id", Name),
    ("/function_call/name", Name),
    ("/function_call/**", ARGUMENTS),
    ("/functionResponse/id", Name),
    ("/functionResponse/name", Name),
    ("/functionResponse/scheduling", Name),
    ("/functionResponse/parts/*/inlineData", Opaque("file")),
    ("/functionResponse/**", RESULT),
    ("/function_response/id", Name),
    ("/function_response/name", Name),
    ("/function_response/parts/*/inline_data", Opaque("file")),
    ("/function_response/**", RESULT),
    ("/toolCall/toolType", Name),
    ("/toolCall/**", ARGUMENTS),
    ("/tool_call/**", ARGUMENTS),
    ("/toolResponse/toolType", Name),
    ("/toolResponse/**", RESULT),
    ("/tool_response/**", RESULT),
    ("/executableCode/language", Name),
    ("/executableCode/code", ARGUMENTS),
    ("/executable_code/language", Name),
    ("/executable_code/code", ARGUMENTS),
    ("/codeExecutionResult/outcome", Name),
    ("/codeExecutionResult/output", RESULT),
    ("/code_execution_result/outcome", Name),
    ("/code_execution_result/output", RESULT),
    ("/videoMetadata/**", Name),
    ("/video_metadata/**", Name),
    ("/mediaResolution/**", Name),
    ("/partMetadata/**", OTHER),
    ("", SAID),
    ("/**", OTHER),
];

const REQUEST: &[(&str, Meaning)] = &[
    ("/model", Name),
    ("/contents", Text(PartKind::Text, Is(Role::User))),
    ("/contents/role", Name),
    ("/contents/*/role", Name),
    ("/contents/*", SAID),
    ("/systemInstruction", INSTRUCTED),
    ("/systemInstruction/role", Name),
    ("/systemInstruction/**", Any(PartKind::Text, Is(Role::System))),
    ("/system_instruction", INSTRUCTED),
    ("/system_instruction/role", Name),
    ("/system_instruction/**", Any(PartKind::Text, Is(Role::System))),
    ("/tools/**/type", Name),
    ("/tools/**/required/*", Name),
    ("/tools/**/format", Name),
    ("/tools/*/fileSearch/fileSearchStoreNames/*", Opaque("server state")),
    ("/tools/**", DEFINED),
    ("/toolConfig/**", Name),
    ("/tool_config/**", Name),
    ("/safetySettings/**", Name),
    ("/safety_settings/**", Name),
    ("/generationConfig/stopSequences/*", OTHER),
    ("/generationConfig/responseSchema/**/type", Name),
    ("/generationConfig/responseSchema/**/required/*", Name),
    ("/generationConfig/responseSchema/**", DEFINED),
    ("/generationConfig/responseJsonSchema/**/type", Name),
    ("/generationConfig/responseJsonSchema/**/required/*", Name),
    ("/generationConfig/responseJsonSchema/**", DEFINED),
    ("/generationConfig/**", Name),
    ("/generation_config/stop_sequences/*", OTHER),
    ("/generation_config/response_schema/**/type", Name),
    ("/generation_config/response_schema/**", DEFINED),
    ("/generation_config/response_json_schema/**/type", Name),
    ("/generation_config/response_json_schema/**", DEFINED),
    ("/generation_config/**", Name),
    ("/cachedContent", Opaque("server state")),
    ("/cached_content", Opaque("server state")),
    ("/serviceTier", Name),
    ("**", OTHER),
];

const RESPONSE: &[(&str, Meaning)] = &[
    ("/candidates/*/content/role", Name),
    ("/candidates/*/content/**", OTHER),
    ("/candidates/*/finishReason", Name),
    ("/candidates/*/finish_reason", Name),
    ("/candidates/*/finishMessage", Text(PartKind::Refusal, Turn)),
    ("/candidates/*/safetyRatings/**", Name),
    ("/candidates/*/safety_ratings/**", Name),
    ("/candidates/*/logprobsResult", Repeated),
    // What was searched and found: not said by the model, but shown by clients.
    ("/candidates/*/**", OTHER),
    ("/promptFeedback/blockReasonMessage", Text(PartKind::Refusal, Turn)),
    ("/error/**", Repeated),
    ("**", Name),
];
