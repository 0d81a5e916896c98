// Anthropic's client for Node.

import Anthropic from "@anthropic-ai/sdk";
import { ANSWER, DESCRIPTION, NAME, PARAMETERS, RESULT, user } from "./seen.mjs";

const words = (message) => message.content.map((block) => (block.type === "text" ? block.text : "")).join("");

export class Messages {
  static client = "anthropic js";
  tool = { name: NAME, description: DESCRIPTION, input_schema: PARAMETERS };

  constructor(baseUrl) {
    this.client = new Anthropic({ baseURL: baseUrl, apiKey: "sk-test", maxRetries: 0, timeout: 60_000 });
  }

  async answer(seen, model, prompt, more = {}) {
    const message = await this.client.messages.create({ model, max_tokens: 1024, messages: [user(prompt)], ...more });
    seen.add(message, words(message), message.stop_reason);
    return message;
  }

  async stream(seen, model, prompt, { leaveAfter = null, ...more } = {}) {
    const wanted = { model, max_tokens: 1024, messages: [user(prompt)], stream: true, ...more };
    let place = 0;
    for await (const event of await this.client.messages.create(wanted)) {
      seen.add(event, event.delta?.text, event.delta?.stop_reason);
      if (place++ === leaveAfter) break;
    }
  }

  async gather(seen, model, prompt, more = {}) {
    const stream = this.client.messages.stream({ model, max_tokens: 1024, messages: [user(prompt)], ...more });
    for await (const event of stream) seen.add({ event: event.type });
    const final = await stream.finalMessage();
    seen.add(final, words(final), final.stop_reason);
  }

  async tools(seen, model, prompt) {
    const tools = [this.tool];
    const { content } = await this.answer(seen, model, prompt, { tools });
    const call = content.find((block) => block.type === "tool_use");
    const result = { type: "tool_result", tool_use_id: call.id, content: RESULT };
    const messages = [user(prompt), { role: "assistant", content }, user([result])];
    await this.answer(seen, model, prompt, { tools, messages });
  }

  async stream_tools(seen, model, prompt) {
    await this.stream(seen, model, prompt, { tools: [this.tool] });
    await this.gather(seen, model, prompt, { tools: [this.tool] });
  }

  async structured(seen, model, prompt) {
    const output_config = { format: { type: "json_schema", schema: ANSWER } };
    const messages = [user(prompt)];
    const parsed = await this.client.messages.parse({ model, max_tokens: 1024, messages, output_config });
    seen.add(parsed.parsed_output, words(parsed), parsed.stop_reason);
  }
}
