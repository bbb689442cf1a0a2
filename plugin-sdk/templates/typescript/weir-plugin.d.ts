// The contract weir:plugin@0.1.0 as TypeScript sees it through componentize-qjs. What the functions mean stands in
// weir-plugin.wit. In short: `result` returns or throws (an `Error` whose `message` is the host's word), `option` is null if there is
// nothing, numbers are `number`, names are in camel case.

declare module "weir:plugin" {
  /** What every hook is told about the request. */
  export interface Facts {
    streaming: boolean;
    bodyBytes: number;
  }

  /** Thrown from a hook: the answer that the client gets in place of the model's. */
  export interface Refusal {
    /** 400 to 599. */
    status: number;
    /** Stable and machine-readable: at most 64 of `a-z`, `0-9` and `_`. */
    code: string;
    message: string;
  }

  export type PieceKind = "text" | "arguments" | "tool-result" | "reasoning" | "refusal" | "description" | "other";

  /** A piece of text, wherever it stands. */
  export interface Piece {
    /** RFC 6901. */
    pointer: string;
    kind: PieceKind;
    /** Empty for what stands in no message. */
    role: string;
    choice: number;
    /** The tool call that it belongs to. */
    call: number | null;
    /** Index of the event that it stands in; 0 elsewhere. */
    event: number;
    text: string;
  }

  export type Role =
    | "nobody" | "system" | "developer" | "user" | "assistant" | "tool" | "function" | "input" | "other";

  /** What is told of a piece where all texts are told as one. */
  export interface Passage {
    kind: PieceKind;
    role: Role;
    choice: number;
    call: number | null;
    event: number;
    /** The same for pieces next to each other that stand in one message, one tool, or in the choices. */
    group: number;
    /** Where its text ends, in bytes of UTF-8. */
    end: number;
  }

  /** All pieces at once. */
  export interface JoinedText {
    text: string;
    passages: Passage[];
  }

  export interface Candidate {
    provider: string;
    model: string;
    healthy: boolean;
    /** Micro-dollars for a million tokens; 0 if unknown or free. */
    inputPrice: number;
    outputPrice: number;
  }

  export interface Choice {
    /** Index in the list of candidates. */
    candidate: number;
    /** What to change in the body if it is this candidate's turn; values are JSON text. */
    overrides: { pointer: string; value: string }[];
  }

  export type Routing = { tag: "keep" } | { tag: "order"; val: Choice[] };

  export interface StreamEvent {
    choice: number;
    text: string;
  }

  export type Edit = { tag: "pass" } | { tag: "text"; val: string } | { tag: "data"; val: string } | { tag: "drop" } | { tag: "hold" };

  export interface Outcome {
    status: number;
    code: string | null;
    attempts: number;
    inputTokens: number;
    outputTokens: number;
    provenance: "reported" | "partial" | "estimated" | "none";
    durationUs: number;
    firstByteUs: number;
  }

  // What a plugin exports, each as a constant of its name: `lifecycle`, `policy`, `router`, `upstreamRequest`, `response`,
  // `event`, `observe`.

  export interface Lifecycle {
    /** Takes the settings as JSON text. A string that is thrown says why they will not do. */
    init(settings: string): void;
  }
  export interface Policy {
    onRequest(facts: Facts): void;
  }
  export interface Router {
    route(facts: Facts, candidates: Candidate[]): Routing;
  }
  export interface UpstreamRequest {
    onAttempt(facts: Facts, attempt: number): void;
  }
  export interface Response {
    onResponse(facts: Facts, status: number): void;
  }
  export interface Event {
    /** One edit for each event, or none at all to pass them all. */
    onEvents(facts: Facts, events: StreamEvent[], last: boolean): Edit[];
  }
  export interface Observe {
    onFinished(facts: Facts, outcome: Outcome): void;
  }
}

declare module "weir:plugin/request@0.1.0" {
  import type { JoinedText, Piece } from "weir:plugin";
  export interface Text {
    role: string;
    text: string;
  }
  export function tenant(): string;
  export function id(): string;
  export function model(): string;
  export function dialect(): string;
  export function header(name: string): string | null;
  export function headers(): [name: string, value: string][];
  export function setHeader(name: string, value: string): void;
  export function removeHeader(name: string): void;
  /** JSON text. */
  export function get(pointer: string): string | null;
  /** `value` is JSON text. */
  export function set(pointer: string, value: string): void;
  export function remove(pointer: string): boolean;
  /** The texts of messages; a guard wants `pieces`. */
  export function texts(): Text[];
  export function setText(index: number, text: string): void;
  export function body(): Uint8Array;
  export function setBody(body: Uint8Array): void;
  /** Everything that a model will read. */
  export function pieces(): Piece[];
  export function setPiece(index: number, text: string): void;
  /** The same pieces all at once, for a fraction of what `pieces` costs. */
  export function allText(): JoinedText;
  export function piecePointer(index: number): string | null;
}

declare module "weir:plugin/upstream@0.1.0" {
  export function provider(): string;
  export function model(): string;
}

declare module "weir:plugin/reply@0.1.0" {
  import type { JoinedText, Piece } from "weir:plugin";
  export function header(name: string): string | null;
  export function setHeader(name: string, value: string): void;
  /** JSON text. */
  export function get(pointer: string): string | null;
  /** `value` is JSON text. */
  export function set(pointer: string, value: string): void;
  export function texts(): string[];
  export function setText(index: number, text: string): void;
  export function body(): Uint8Array;
  export function setBody(body: Uint8Array): void;
  /** Everything that a client will read. */
  export function pieces(): Piece[];
  export function setPiece(index: number, text: string): void;
  /** The same pieces all at once, for a fraction of what `pieces` costs. */
  export function allText(): JoinedText;
  export function piecePointer(index: number): string | null;
}

declare module "weir:plugin/events@0.1.0" {
  import type { JoinedText, Piece } from "weir:plugin";
  export function data(index: number): string | null;
  /** Everything in the events of this call that a client will read. */
  export function pieces(): Piece[];
  export function setPiece(index: number, text: string): void;
  /** The same pieces all at once, for a fraction of what `pieces` costs. */
  export function allText(): JoinedText;
  export function piecePointer(index: number): string | null;
  /** Whether the texts that the hook was given are all that is in these events. */
  export function plain(): boolean;
  /** Whether the stream is over, and no call follows. */
  export function finished(): boolean;
}

declare module "weir:plugin/notes@0.1.0" {
  export function get(key: string): Uint8Array | null;
  export function set(key: string, value: Uint8Array): void;
}

declare module "weir:plugin/log@0.1.0" {
  export type Level = "trace" | "debug" | "info" | "warn" | "error";
  export function write(level: Level, message: string): void;
}

declare module "weir:plugin/counters@0.1.0" {
  export function add(name: string, value: number): void;
}

declare module "weir:plugin/kv@0.1.0" {
  export function get(key: string): Uint8Array | null;
  export function set(key: string, value: Uint8Array, ttlMs: number): void;
  export function increment(key: string, by: number, ttlMs: number): number;
  export { delete_ as delete };
  function delete_(key: string): boolean;
}

declare module "weir:plugin/clock@0.1.0" {
  export function nowMs(): number;
}

declare module "weir:plugin/random@0.1.0" {
  export function bytes(count: number): Uint8Array;
}

declare module "weir:plugin/secrets@0.1.0" {
  export function get(name: string): string | null;
}

declare module "weir:plugin/callouts@0.1.0" {
  export interface Outgoing {
    method: string;
    url: string;
    headers: [name: string, value: string][];
    body: Uint8Array;
    /** 0 for the operator's limit. */
    timeoutMs: number;
  }
  export interface Incoming {
    status: number;
    headers: [name: string, value: string][];
    body: Uint8Array;
  }
  /** Throws if there is no answer. */
  export function send(outgoing: Outgoing): Incoming;
}
