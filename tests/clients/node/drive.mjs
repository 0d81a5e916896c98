// Runs every scenario with every official client for Node at one base URL, and prints what each saw as JSON.

import { readFile } from "node:fs/promises";
import { Messages } from "./anthropic_api.mjs";
import { Chat, Completions, Responses } from "./openai_api.mjs";
import { Seen } from "./seen.mjs";

const CLIENTS = [Chat, Completions, Responses, Messages];

async function observe(client, scenario, prompt) {
  const seen = new Seen();
  try {
    if (scenario.call === "leave") {
      await client.stream(seen, scenario.model, prompt, { leaveAfter: 4 });
      // The connection is gone; the next call must work all the same.
      await client.answer(seen, "text", prompt);
    } else {
      await client[scenario.call](seen, scenario.model, prompt);
    }
  } catch (error) {
    seen.failed(error);
  }
  return seen;
}

const [path, baseUrl] = process.argv.slice(2);
const script = JSON.parse(await readFile(path, "utf8"));
const observed = {};
for (const kind of CLIENTS) {
  const name = kind.client;
  const client = new kind(baseUrl);
  const lacks = script.clients[name].lacks ?? [];
  observed[name] = {};
  for (const scenario of script.scenarios) {
    if (!(scenario.only ?? [name]).includes(name) || lacks.includes(scenario.call)) continue;
    const prompt = script.prompts[scenario.prompt ?? "harmless"];
    observed[name][scenario.name] = await observe(client, scenario, prompt);
  }
}
process.stdout.write(JSON.stringify(observed));
