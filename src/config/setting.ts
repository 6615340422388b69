/** What a schema is made of: kinds of values, settings of a kind, and groups of settings. */

/** Where a raw value was written, for what is relative to it. */
export interface Place {
  /** Relative paths start here: the configuration file's folder, or the working folder. */
  readonly folder: string
  readonly home: string
}

/** `path` leads from the setting's value to the part that is wrong: a list's index, a map's key. */
export interface Mistake {
  readonly ok: false
  readonly expected: string
  readonly hint?: string
  readonly path?: readonly (string | number)[]
}

export type Parsed<T> = { readonly ok: true; readonly value: T } | Mistake

export type JsonSchema = { readonly [keyword: string]: unknown }

/** A kind of value. `parse` takes what YAML gives and also the text of a variable or a flag. */
export interface Kind<T> {
  /** Shown in the documentation: `size`, `list of patterns`. */
  readonly name: string
  /** Completes "expected …". */
  readonly expected: string
  readonly schema: JsonSchema
  parse(raw: unknown, place: Place): Parsed<T>
  /** How the value is shown to people and in JSON, secrets masked. Default: as it is, userinfo of URLs masked. */
  show?(value: T): unknown
}

/** The facts about this machine that defaults depend on. */
export interface Machine {
  readonly platform: NodeJS.Platform
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
}

export type Fallback<T> =
  | { readonly value: T }
  | { readonly compute: (machine: Machine) => T; readonly text: string }
  | { readonly sameAs: string }

export interface Setting<T> {
  readonly setting: true
  readonly kind: Kind<T>
  readonly fallback: Fallback<T>
  /** One or two sentences for people. */
  readonly summary: string
  /** A value as it would be written in the file. */
  readonly example: string
  /** Replaced by `***` wherever values are shown, and never a flag: command lines are visible to all. */
  readonly secret: boolean
  /** True when a running server cannot take a new value. */
  readonly needsRestart: boolean
}

export type Group = { readonly [name: string]: Setting<unknown> | Group }

/** The type of the values of a schema. */
export type Values<G> = {
  readonly [Name in keyof G]: G[Name] extends Setting<infer T> ? T : Values<G[Name]>
}

interface SettingOptions<T> {
  readonly fallback: Fallback<T>
  readonly summary: string
  readonly example: string
  readonly secret?: boolean
  readonly needsRestart?: boolean
}

export function setting<T>(kind: Kind<T>, options: SettingOptions<NoInfer<T>>): Setting<T> {
  return { setting: true, kind, secret: false, needsRestart: false, ...options }
}

export function isSetting(node: Setting<unknown> | Group): node is Setting<unknown> {
  return node.setting === true
}

export interface NamedSetting {
  /** `go.ttl.listMs` */
  readonly key: string
  /** `POSTHASTE_GO_TTL_LIST_MS` */
  readonly variable: string
  /** `go-ttl-list-ms`; undefined for a secret. */
  readonly flag: string | undefined
  readonly setting: Setting<unknown>
}

/** All settings below a group, in the order in which they are written. */
export function flatten(group: Group, prefix = ''): NamedSetting[] {
  return Object.entries(group).flatMap(([name, node]) => {
    const key = prefix + name
    if (!isSetting(node)) return flatten(node, `${key}.`)
    const words = key.split('.').flatMap((part) => part.split(/(?=[A-Z])/))
    const flag = node.secret ? undefined : words.join('-').toLowerCase()
    return [{ key, variable: `POSTHASTE_${words.join('_').toUpperCase()}`, flag, setting: node }]
  })
}
