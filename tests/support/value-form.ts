/** Says what is wrong with the value at `path`; empty when it has the form. */
export type Form = (value: unknown, path: string) => string[]

export const text: Form = (value, path) => (typeof value === 'string' ? [] : [`${path} is no text`])

export const full: Form = (value, path) =>
  typeof value === 'string' && value !== '' ? [] : [`${path} is empty or no text`]

export const amount: Form = (value, path) =>
  typeof value === 'number' && value >= 0 ? [] : [`${path} is no amount`]

export const boolean: Form = (value, path) =>
  typeof value === 'boolean' ? [] : [`${path} is neither true nor false`]

export function oneOf(...allowed: readonly unknown[]): Form {
  return (value, path) => (allowed.includes(value) ? [] : [`${path} is ${JSON.stringify(value)}`])
}

export function orNull(form: Form): Form {
  return (value, path) => (value === null ? [] : form(value, path))
}

export function list(form: Form): Form {
  return (value, path) =>
    Array.isArray(value)
      ? value.flatMap((item, index) => form(item, `${path}[${index}]`))
      : [`${path} is no list`]
}

export interface ShapeOptions {
  /** Keys that may be absent. */
  readonly optional?: readonly string[]
  /** Whether other keys are fine; an unknown one is wrong otherwise. */
  readonly open?: boolean
}

export function shape(forms: Readonly<Record<string, Form>>, options: ShapeOptions = {}): Form {
  const { optional = [], open = false } = options
  return (value, path) => {
    if (typeof value !== 'object' || value === null) return [`${path} is no object`]
    const unknown = Object.keys(value).filter((key) => !open && !(key in forms))
    const expected = Object.entries(forms).filter(([key]) => key in value || !optional.includes(key))
    return [
      ...unknown.map((key) => `${path}.${key} is not in the schema`),
      ...expected.flatMap(([key, form]) => form(Reflect.get(value, key), `${path}.${key}`)),
    ]
  }
}
