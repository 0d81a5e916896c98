// What an application sees of one call, collected so that a failure half-way loses nothing.

export class Seen {
  text = "";
  finish = null;
  error = null;
  all = [];

  // Notes one more thing the client gave, its text and why the answer ended.
  add(thing, text, finish) {
    this.all.push(thing ?? null);
    this.text += text ?? "";
    this.finish = finish ?? this.finish;
  }

  // Notes the exception with all an application could read from it.
  failed(error) {
    const kinds = [];
    for (let kind = error?.constructor; kind && kind.name !== "Error" && kind.name; kind = Object.getPrototypeOf(kind)) {
      kinds.push(kind.name);
    }
    this.error = {
      kinds,
      status: error?.status ?? null,
      message: String(error?.message ?? error),
      body: error?.error ?? null,
      code: error?.code ?? null,
      type: error?.type ?? null,
      request_id: error?.requestID ?? null,
      trace: String(error?.stack ?? "").split("\n").slice(0, 6).join("\n"),
    };
  }
}

// What is offered and asked for, in the words both APIs share.
export const NAME = "get_weather";
export const DESCRIPTION = "The weather at a place.";
export const PARAMETERS = {
  type: "object",
  properties: { place: { type: "string" } },
  required: ["place"],
  additionalProperties: false,
};
export const RESULT = JSON.stringify({ celsius: 21 });
export const ANSWER = {
  type: "object",
  properties: { command: { type: "string" }, safe: { type: "boolean" } },
  required: ["command", "safe"],
  additionalProperties: false,
};

export const user = (content) => ({ role: "user", content });
