// The code editor: loaded when a page needs it, without inline styles, and with what policies are made of to
// complete.

import type AceModule from "ace-builds";

export type Ace = typeof AceModule;

let loading: Promise<Ace> | undefined;
/** What can stand in a policy, and what it is. */
export interface Completion {
  value: string;
  meta: "action" | "condition key" | "operator" | "element";
}

let completions: Completion[] = [];

export function loadAce(known: Completion[]): Promise<Ace> {
  completions = known;
  loading ??= load();
  return loading;
}

async function load(): Promise<Ace> {
  const { default: ace } = await import("ace-builds");
  ace.config.set("useStrictCSP", true);
  // Everything it needs is imported below; it must not look for more by itself.
  ace.config.set("basePath", "/console/assets");
  await Promise.all([
    import("ace-builds/css/ace.css"),
    import("ace-builds/css/theme/cloud_editor.css"),
    import("ace-builds/css/theme/cloud_editor_dark.css"),
    import("ace-builds/src-noconflict/mode-json"),
    import("ace-builds/src-noconflict/theme-cloud_editor"),
    import("ace-builds/src-noconflict/theme-cloud_editor_dark"),
    import("ace-builds/src-noconflict/ext-language_tools"),
  ]);
  // The linter of the server says what is wrong, in more words than a JSON worker.
  ace.config.setDefaultValue("session", "useWorker", false);
  ace.require("ace/ext/language_tools").addCompleter({
    identifierRegexps: [/[\w:*/-]/],
    getCompletions: (
      _editor: unknown,
      _session: unknown,
      _position: unknown,
      _prefix: string,
      done: (error: null, found: { caption: string; value: string; meta: string }[]) => void,
    ) => done(null, completions.map(({ value, meta }) => ({ caption: value, value, meta }))),
  });
  return ace;
}
