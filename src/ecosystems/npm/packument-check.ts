import type { Verdict } from '../ecosystem.ts'
import { PackumentFault, param, valuesOf } from './packument.ts'

type BodyCheck = (body: Uint8Array, params: Readonly<Record<string, string>>) => Verdict

/** A packument or a manifest: one JSON object that says the `name` that was asked for (and the `version`, if one was). */
export const checkPackument: BodyCheck = (body, params) =>
  formOf(() => {
    const said = membersOf(body, ['name', 'version', 'error'])
    const name = param(params, 'name')
    if (said.name === undefined && said.error !== undefined) return wrong(`it says: ${said.error}`)
    if (said.name !== name) return wrong(`it is about ${said.name ?? 'no package'}, not about ${name}`)
    const { version } = params
    if (version !== undefined && said.version !== version) {
      return wrong(`it is about version ${said.version ?? '(none)'}, not about ${version}`)
    }
    return { verdict: 'sound' }
  })

/** Any other answer of a registry: one JSON object. */
export const checkObject: BodyCheck = (body) =>
  formOf(() => {
    membersOf(body, [])
    return { verdict: 'sound' }
  })

/** The strings among some members of an object, the last of each name; the whole body is checked. */
function membersOf(body: Uint8Array, names: readonly string[]): Readonly<Record<string, string>> {
  const members: Record<string, string> = {}
  valuesOf(body)({
    member: (key, values) => {
      if (!names.includes(key)) return
      const text = values.string()?.text
      if (text === undefined) delete members[key]
      else members[key] = text
    },
  })
  return members
}

function formOf(judge: () => Verdict): Verdict {
  try {
    return judge()
  } catch (error) {
    if (error instanceof PackumentFault) return wrong(error.message)
    throw error
  }
}

function wrong(reason: string): Verdict {
  return { verdict: 'wrong', reason }
}
