// OpenAI's client for Node: chat completions, completions and responses.

import OpenAI from "openai";
import { ANSWER, DESCRIPTION, NAME, PARAMETERS, RESULT, user } from "./seen.mjs";

const connect = (baseUrl) => new OpenAI({ baseURL: `${baseUrl}/v1`, apiKey: "sk-test", maxRetries: 0, timeout: 60_000 });

export class Chat {
  static client = "openai js chat";
  tool = { type: "function", function: { name: NAME, description: DESCRIPTION, parameters: PARAMETERS, strict: true } };

  constructor(baseUrl) {
    this.client = connect(baseUrl);
  }

  async answer(seen, model, prompt, more = {}) {
    const completion = await this.client.chat.completions.create({ model, messages: [user(prompt)], ...more });
    const [choice] = completion.choices;
    seen.add(completion, choice.message.content, choice.finish_reason);
    return completion;
  }

  async stream(seen, model, prompt, { leaveAfter = null, ...more } = {}) {
    const stream = await this.client.chat.completions.create({ model, messages: [user(prompt)], stream: true, ...more });
    let place = 0;
    for await (const chunk of stream) {
      const choice = chunk.choices[0];
      seen.add(chunk, choice?.delta.content, choice?.finish_reason);
      if (place++ === leaveAfter) break;
    }
  }

  async gather(seen, model, prompt, more = {}) {
    const stream = this.client.chat.completions.stream({ model, messages: [user(prompt)], ...more });
    for await (const chunk of stream) seen.add({ chunk: chunk.object });
    const final = await stream.finalChatCompletion();
    seen.add(final, final.choices[0].message.content, final.choices[0].finish_reason);
  }

  async tools(seen, model, prompt) {
    const tools = [this.tool];
    const { message } = (await this.answer(seen, model, prompt, { tools })).choices[0];
    const answer = { role: "tool", tool_call_id: message.tool_calls[0].id, content: RESULT };
    await this.answer(seen, model, prompt, { tools, messages: [user(prompt), message, answer] });
  }

  async stream_tools(seen, model, prompt) {
    await this.stream(seen, model, prompt, { tools: [this.tool] });
    await this.gather(seen, model, prompt, { tools: [this.tool] });
  }

  async structured(seen, model, prompt) {
    const response_format = { type: "json_schema", json_schema: { name: "answer", schema: ANSWER, strict: true } };
    const parsed = await this.client.chat.completions.parse({ model, messages: [user(prompt)], response_format });
    const [choice] = parsed.choices;
    seen.add(choice.message.parsed, choice.message.content, choice.finish_reason);
  }
}

export class Completions {
  static client = "openai js completions";

  constructor(baseUrl) {
    this.client = connect(baseUrl);
  }

  async answer(seen, model, prompt) {
    const completion = await this.client.completions.create({ model, prompt });
    seen.add(completion, completion.choices[0].text, completion.choices[0].finish_reason);
  }

  async stream(seen, model, prompt, { leaveAfter = null } = {}) {
    const stream = await this.client.completions.create({ model, prompt, stream: true });
    let place = 0;
    for await (const chunk of stream) {
      seen.add(chunk, chunk.choices[0].text, chunk.choices[0].finish_reason);
      if (place++ === leaveAfter) break;
    }
  }
}

export class Responses {
  static client = "openai js responses";
  tool = { type: "function", name: NAME, description: DESCRIPTION, parameters: PARAMETERS, strict: true };

  constructor(baseUrl) {
    this.client = connect(baseUrl);
  }

  async answer(seen, model, prompt, more = {}) {
    const response = await this.client.responses.create({ model, input: prompt, ...more });
    seen.add(response, response.output_text, response.status);
    return response;
  }

  async stream(seen, model, prompt, { leaveAfter = null, ...more } = {}) {
    const stream = await this.client.responses.create({ model, input: prompt, stream: true, ...more });
    let place = 0;
    for await (const event of stream) {
      const text = event.type === "response.output_text.delta" ? event.delta : "";
      seen.add(event, text, event.response?.status);
      if (place++ === leaveAfter) break;
    }
  }

  async gather(seen, model, prompt, more = {}) {
    const stream = this.client.responses.stream({ model, input: prompt, ...more });
    for await (const event of stream) seen.add({ event: event.type });
    const final = await stream.finalResponse();
    seen.add(final, final.output_text, final.status);
  }

  async tools(seen, model, prompt) {
    const tools = [this.tool];
    const [call] = (await this.answer(seen, model, prompt, { tools })).output;
    const output = { type: "function_call_output", call_id: call.call_id, output: RESULT };
    await this.answer(seen, model, prompt, { tools, input: [user(prompt), call, output] });
  }

  async stream_tools(seen, model, prompt) {
    await this.stream(seen, model, prompt, { tools: [this.tool] });
    await this.gather(seen, model, prompt, { tools: [this.tool] });
  }

  async structured(seen, model, prompt) {
    const format = { type: "json_schema", name: "answer", schema: ANSWER, strict: true };
    const parsed = await this.client.responses.parse({ model, input: prompt, text: { format } });
    seen.add(parsed.output_parsed, parsed.output_text, parsed.status);
  }
}
