import { add } from "weir:plugin/counters@0.1.0";
import * as request from "weir:plugin/request@0.1.0";
import type { Lifecycle, Policy, Refusal } from "weir:plugin";

let denied = /(?!)/; // nothing, until the settings are there
let header = "x-checked-by";

/** Finds any of the words, whatever the case of their ASCII letters. (The flag `i` would not stop at those.) */
function anyOf(words: string[]): RegExp {
  const either = (c: string) =>
    /[a-z]/i.test(c) ? `[${c.toLowerCase()}${c.toUpperCase()}]` : `\\u{${c.codePointAt(0)!.toString(16)}}`;
  return new RegExp(words.map((word) => Array.from(word, either).join("")).join("|"), "u");
}

function refuse(status: number, code: string, message: string): never {
  throw { status, code, message } satisfies Refusal;
}

export const lifecycle: Lifecycle = {
  /** Takes the settings. What is thrown here keeps this version of the plugin out of service. */
  init(text) {
    let settings: unknown;
    try {
      settings = JSON.parse(text);
    } catch (error) {
      throw `settings: ${(error as Error).message}`;
    }
    if (typeof settings !== "object" || settings === null || Array.isArray(settings)) throw "settings: must be an object";

    const { deny: words, header: name = header, ...unknown } = settings as Record<string, unknown>;
    const [stranger] = Object.keys(unknown);
    if (stranger !== undefined) throw `settings.${stranger}: there is no such setting`;

    const isWord = (word: unknown): word is string => typeof word === "string" && word !== "";
    if (!Array.isArray(words) || words.length === 0 || !words.every(isWord)) throw "settings.deny: must be a list of words";
    if (!isWord(name)) throw "settings.header: must be the name of a header";
    denied = anyOf(words);
    header = name;
  },
};

export const policy: Policy = {
  /** Lets a request pass by returning, and refuses it by throwing a refusal. */
  onRequest(_facts) {
    add("seen", 1);
    if (request.texts().some(({ text }) => denied.test(text))) {
      add("denied", 1);
      refuse(400, "content_filter", "this request contains a word that is not allowed here");
    }
    try {
      request.setHeader(header, "word-policy");
      request.set("/user", JSON.stringify(request.tenant()));
    } catch (error) {
      refuse(500, "policy_failed", (error as Error).message);
    }
  },
};
