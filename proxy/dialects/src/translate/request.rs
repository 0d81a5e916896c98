//! Requests, from one dialect to the other.

use serde_json::{Map, Value, json};

use super::{TranslateError, Translated, items, text};

/// Anthropic wants a limit, OpenAI does not; this is what its models allow at least.
const DEFAULT_MAX_TOKENS: u64 = 4096;

const MESSAGES: &str = "Anthropic messages";
const CHAT: &str = "OpenAI chat";

fn unsayable(what: impl Into<String>, dialect: &'static str) -> TranslateError {
    TranslateError::Unsayable { what: what.into(), dialect }
}

/// Members of a chat request that have been dealt with, or that mean nothing to the answer's text.
const CHAT_MEMBERS: [&str; 16] = [
    "model",
    "messages",
    "max_tokens",
    "max_completion_tokens",
    "temperature",
    "top_p",
    "stop",
    "stream",
    "stream_options",
    "tools",
    "tool_choice",
    "parallel_tool_calls",
    "user",
    "n",
    "response_format",
    "logprobs",
];

const MESSAGES_MEMBERS: [&str; 12] = [
    "model",
    "messages",
    "system",
    "max_tokens",
    "temperature",
    "top_p",
    "stop_sequences",
    "stream",
    "tools",
    "tool_choice",
    "metadata",
    "output_config",
];

pub(super) fn chat_to_messages(chat: &Value) -> Result<Translated, TranslateError> {
    if chat.get("n").and_then(Value::as_u64).is_some_and(|n| n > 1) {
        return Err(unsayable("more than one choice", MESSAGES));
    }
    if chat.get("logprobs").and_then(Value::as_bool) == Some(true) {
        return Err(unsayable("log probabilities", MESSAGES));
    }
    let mut body = Map::new();
    let mut set = |key: &str, value: Value| drop(body.insert(key.to_owned(), value));
    set("model", chat.get("model").cloned().unwrap_or_default());
    let limit = ["max_completion_tokens", "max_tokens"].iter().find_map(|key| chat.get(key)?.as_u64());
    set("max_tokens", json!(limit.unwrap_or(DEFAULT_MAX_TOKENS)));
    let (system, messages) = turns_of_chat(items(chat, "messages"))?;
    if !system.is_empty() {
        set("system", json!(system.join("\n\n")));
    }
    set("messages", json!(messages));
    if let Some(temperature) = chat.get("temperature").and_then(Value::as_f64) {
        set("temperature", json!(temperature.min(1.0)));
    }
    for key in ["top_p", "stream"] {
        if let Some(value) = chat.get(key).filter(|value| !value.is_null()) {
            set(key, value.clone());
        }
    }
    match chat.get("stop") {
        Some(Value::String(stop)) => set("stop_sequences", json!([stop])),
        Some(Value::Array(stops)) => set("stop_sequences", json!(stops)),
        _ => {}
    }
    if let Some(user) = chat.get("user").and_then(Value::as_str) {
        set("metadata", json!({"user_id": user}));
    }
    if let Some(format) = output_format(chat)? {
        set("output_config", json!({"format": format}));
    }
    let tools: Vec<Value> = items(chat, "tools").iter().map(tool_of_chat).collect::<Result<_, _>>()?;
    if !tools.is_empty() {
        set("tools", json!(tools));
        if let Some(choice) = tool_choice_of_chat(chat) {
            set("tool_choice", choice);
        }
    }
    let dropped = dropped(chat, &CHAT_MEMBERS);
    Ok(Translated { body: Value::Object(body).to_string().into(), path: "/v1/messages", dropped })
}

fn dropped(value: &Value, known: &[&str]) -> Vec<String> {
    let members = value.as_object().into_iter().flatten();
    let left = members.filter(|(key, value)| !known.contains(&key.as_str()) && !value.is_null());
    left.map(|(key, _)| key.clone()).collect()
}

fn output_format(chat: &Value) -> Result<Option<Value>, TranslateError> {
    let Some(format) = chat.get("response_format") else { return Ok(None) };
    match text(format, "type") {
        "json_schema" => {
            let schema = format.pointer("/json_schema/schema").cloned().unwrap_or_default();
            Ok(Some(json!({"type": "json_schema", "schema": schema})))
        }
        "json_object" => Err(unsayable("the response format `json_object`", MESSAGES)),
        _ => Ok(None),
    }
}

fn tool_of_chat(tool: &Value) -> Result<Value, TranslateError> {
    let function = tool.get("function").filter(|_| text(tool, "type") == "function");
    let function =
        function.ok_or_else(|| unsayable(format!("a tool of type `{}`", text(tool, "type")), MESSAGES))?;
    let schema =
        function.get("parameters").cloned().unwrap_or_else(|| json!({"type": "object", "properties": {}}));
    let mut translated = json!({"name": text(function, "name"), "input_schema": schema});
    if let (Some(description), Some(members)) = (function.get("description"), translated.as_object_mut()) {
        members.insert("description".to_owned(), description.clone());
    }
    Ok(translated)
}

fn tool_choice_of_chat(chat: &Value) -> Option<Value> {
    let one_at_a_time = chat.get("parallel_tool_calls").and_then(Value::as_bool) == Some(false);
    let mut choice = match chat.get("tool_choice") {
        Some(Value::String(word)) => match word.as_str() {
            "none" => return Some(json!({"type": "none"})),
            "required" => json!({"type": "any"}),
            _ => json!({"type": "auto"}),
        },
        Some(choice) if choice.is_object() => {
            let name = choice.pointer("/function/name").cloned().unwrap_or_default();
            json!({"type": "tool", "name": name})
        }
        _ if one_at_a_time => json!({"type": "auto"}),
        _ => return None,
    };
    if let (true, Some(members)) = (one_at_a_time, choice.as_object_mut()) {
        members.insert("disable_parallel_tool_use".to_owned(), json!(true));
    }
    Some(choice)
}

/// The system texts and the other turns. What tools answered becomes a turn of the user, and turns of one
/// speaker in a row become one, as Anthropic wants the results of one round of calls together.
fn turns_of_chat(messages: &[Value]) -> Result<(Vec<String>, Vec<Value>), TranslateError> {
    let mut system = Vec::new();
    let mut turns: Vec<(&str, Vec<Value>)> = Vec::new();
    for message in messages {
        let (role, blocks) = match text(message, "role") {
            "system" | "developer" => {
                system.push(plain_text(message.get("content")));
                continue;
            }
            "assistant" => ("assistant", assistant_blocks(message)?),
            "tool" => (
                "user",
                vec![json!({
                    "type": "tool_result",
                    "tool_use_id": text(message, "tool_call_id"),
                    "content": plain_text(message.get("content")),
                })],
            ),
            "function" => return Err(unsayable("the result of a legacy function call", MESSAGES)),
            _ => ("user", user_blocks(message)?),
        };
        match turns.last_mut() {
            Some((last, all)) if *last == role => all.extend(blocks),
            _ => turns.push((role, blocks)),
        }
    }
    let turns = turns.into_iter().map(|(role, blocks)| json!({"role": role, "content": blocks})).collect();
    Ok((system, turns))
}

/// The text of a content that is a string or a list of text parts.
fn plain_text(content: Option<&Value>) -> String {
    match content {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Array(parts)) => {
            parts.iter().map(|part| text(part, "text")).collect::<Vec<_>>().join("\n")
        }
        _ => String::new(),
    }
}

fn text_block(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

fn user_blocks(message: &Value) -> Result<Vec<Value>, TranslateError> {
    match message.get("content") {
        Some(Value::String(text)) => Ok(vec![text_block(text)]),
        Some(Value::Array(parts)) => parts.iter().map(user_block).collect(),
        _ => Ok(Vec::new()),
    }
}

fn user_block(part: &Value) -> Result<Value, TranslateError> {
    match text(part, "type") {
        "text" => Ok(text_block(text(part, "text"))),
        "image_url" => {
            let url = part.pointer("/image_url/url").and_then(Value::as_str).unwrap_or_default();
            Ok(json!({"type": "image", "source": source(url)}))
        }
        "file" => {
            let data = part.pointer("/file/file_data").and_then(Value::as_str);
            let data = data.ok_or_else(|| unsayable("a file on OpenAI's server", MESSAGES))?;
            Ok(json!({"type": "document", "source": source(data)}))
        }
        other => Err(unsayable(format!("a content part of type `{other}`"), MESSAGES)),
    }
}

/// A data URL as data, any other as a URL.
fn source(url: &str) -> Value {
    let data = url.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,"));
    match data {
        Some((kind, data)) => json!({"type": "base64", "media_type": kind, "data": data}),
        None => json!({"type": "url", "url": url}),
    }
}

fn assistant_blocks(message: &Value) -> Result<Vec<Value>, TranslateError> {
    if message.get("function_call").is_some_and(|call| !call.is_null()) {
        return Err(unsayable("a legacy function call", MESSAGES));
    }
    let mut blocks = Vec::new();
    let said = plain_text(message.get("content"));
    for words in [said.as_str(), text(message, "refusal")] {
        if !words.is_empty() {
            blocks.push(text_block(words));
        }
    }
    for call in items(message, "tool_calls") {
        let function = call.get("function").ok_or_else(|| unsayable("a call of a custom tool", MESSAGES))?;
        let arguments = text(function, "arguments");
        let input: Value = if arguments.trim().is_empty() {
            json!({})
        } else {
            serde_json::from_str(arguments)
                .map_err(|_| unsayable("arguments of a tool call that are not JSON", MESSAGES))?
        };
        blocks.push(json!({
            "type": "tool_use",
            "id": text(call, "id"),
            "name": text(function, "name"),
            "input": input,
        }));
    }
    Ok(blocks)
}

pub(super) fn messages_to_chat(body: &Value) -> Result<Translated, TranslateError> {
    let mut chat = Map::new();
    let mut set = |key: &str, value: Value| drop(chat.insert(key.to_owned(), value));
    set("model", body.get("model").cloned().unwrap_or_default());
    let mut messages = Vec::new();
    let system = plain_text(body.get("system"));
    if !system.is_empty() {
        messages.push(json!({"role": "system", "content": system}));
    }
    for message in items(body, "messages") {
        messages.extend(turn_of_messages(message)?);
    }
    set("messages", json!(messages));
    for (from, to) in [
        ("max_tokens", "max_tokens"),
        ("temperature", "temperature"),
        ("top_p", "top_p"),
        ("stop_sequences", "stop"),
        ("stream", "stream"),
    ] {
        if let Some(value) = body.get(from) {
            set(to, value.clone());
        }
    }
    if body.get("stream").and_then(Value::as_bool) == Some(true) {
        // Anthropic's streams end with the usage, so it has to be asked for.
        set("stream_options", json!({"include_usage": true}));
    }
    if let Some(user) = body.pointer("/metadata/user_id").and_then(Value::as_str) {
        set("user", json!(user));
    }
    if let Some(schema) = body.pointer("/output_config/format/schema") {
        let format = json!({"name": "answer", "strict": true, "schema": schema});
        set("response_format", json!({"type": "json_schema", "json_schema": format}));
    }
    let tools: Vec<Value> = items(body, "tools").iter().map(tool_of_messages).collect::<Result<_, _>>()?;
    if !tools.is_empty() {
        set("tools", json!(tools));
    }
    if let Some(choice) = body.get("tool_choice") {
        set(
            "tool_choice",
            match text(choice, "type") {
                "any" => json!("required"),
                "none" => json!("none"),
                "tool" => json!({"type": "function", "function": {"name": text(choice, "name")}}),
                _ => json!("auto"),
            },
        );
        if choice.get("disable_parallel_tool_use").and_then(Value::as_bool) == Some(true) {
            set("parallel_tool_calls", json!(false));
        }
    }
    let dropped = dropped(body, &MESSAGES_MEMBERS);
    Ok(Translated { body: Value::Object(chat).to_string().into(), path: "/v1/chat/completions", dropped })
}

fn tool_of_messages(tool: &Value) -> Result<Value, TranslateError> {
    if !matches!(text(tool, "type"), "" | "custom") {
        return Err(unsayable(format!("the server tool `{}`", text(tool, "type")), CHAT));
    }
    let schema = tool.get("input_schema").cloned().unwrap_or_default();
    let mut function = json!({"name": text(tool, "name"), "parameters": schema});
    if let (Some(description), Some(members)) = (tool.get("description"), function.as_object_mut()) {
        members.insert("description".to_owned(), description.clone());
    }
    Ok(json!({"type": "function", "function": function}))
}

/// One turn as one or more messages: what tools answered has messages of its own, and comes first.
fn turn_of_messages(message: &Value) -> Result<Vec<Value>, TranslateError> {
    let role = text(message, "role");
    let blocks = match message.get("content") {
        Some(Value::Array(blocks)) => blocks.as_slice(),
        content => return Ok(vec![json!({"role": role, "content": plain_text(content)})]),
    };
    let (mut results, mut parts, mut calls) = (Vec::new(), Vec::new(), Vec::new());
    for block in blocks {
        match text(block, "type") {
            "text" => parts.push(text_block(text(block, "text"))),
            "image" => parts.push(json!({"type": "image_url", "image_url": {"url": url_of(block)?}})),
            "document" => {
                let file = json!({"filename": text(block, "title"), "file_data": url_of(block)?});
                parts.push(json!({"type": "file", "file": file}));
            }
            "tool_result" => results.push(json!({
                "role": "tool",
                "tool_call_id": text(block, "tool_use_id"),
                "content": plain_text(block.get("content")),
            })),
            "tool_use" => calls.push(json!({
                "id": text(block, "id"),
                "type": "function",
                "function": {
                    "name": text(block, "name"),
                    "arguments": block.get("input").cloned().unwrap_or_else(|| json!({})).to_string(),
                },
            })),
            // The reasoning of another model means nothing to this one.
            "thinking" | "redacted_thinking" => {}
            other => return Err(unsayable(format!("a content block of type `{other}`"), CHAT)),
        }
    }
    let mut messages = results;
    if role == "assistant" {
        let said: Vec<&str> = parts.iter().map(|part| text(part, "text")).collect();
        let content = if said.is_empty() { Value::Null } else { json!(said.join("")) };
        let mut turn = json!({"role": role, "content": content});
        if let (false, Some(members)) = (calls.is_empty(), turn.as_object_mut()) {
            members.insert("tool_calls".to_owned(), json!(calls));
        }
        messages.push(turn);
    } else if !parts.is_empty() {
        messages.push(json!({"role": role, "content": parts}));
    }
    Ok(messages)
}

fn url_of(block: &Value) -> Result<String, TranslateError> {
    let source = block.get("source").cloned().unwrap_or_default();
    match text(&source, "type") {
        "base64" => Ok(format!("data:{};base64,{}", text(&source, "media_type"), text(&source, "data"))),
        "url" => Ok(text(&source, "url").to_owned()),
        other => Err(unsayable(format!("a source of type `{other}`"), CHAT)),
    }
}
