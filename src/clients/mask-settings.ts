import { mask } from '../observe/mask.ts'
import { bare, linesOf } from './text-lines.ts'

const YAML_SECRET = /^(\s*(?:- )?["']?[\w.-]*(?:token|password|secret|ident|auth)[\w.-]*["']?\s*:\s*).+$/i
const XML_SECRET = /(<(password|passphrase|privateKey)>)[^<]+/gi
/** npm's `//host/:_auth=…`, whose name the general rule does not start at, and Yarn 1's `"//host/:_auth" "…"`. */
const NPM_SECRET = /((?:^|[\s":])_(?:authToken|auth|password)"?(?:\s*=\s*|\s+)).+$/i
const YARN_SECRET = /^(\s*"?[^\s"]*(?:token|password|secret)"?\s+)".*$/i

const SECRET_NAME =
  /^(\s*(?:- )?)["']?[\w.-]*(?:token|password|secret|ident|auth)[\w.-]*["']?\s*[:=]\s*(.*)$/i
const NAMED = /^\s*(?:- )?["']?[\w.@/-]+["']?\s*:(?:\s|$)/
const OPEN_TAG = /<(password|passphrase|privateKey)>[^<]*$/i

/** Says of a line below a secret's first one whether it is a part of it, and whether more may follow. */
type Rest = (line: string) => { readonly isSecret: boolean; readonly isOpen: boolean }

/** Takes secrets out of settings files: `.npmrc`, `.yarnrc`, TOML, YAML and settings.xml. */
export function maskSettings(text: string): string {
  return maskedLines(text).join('')
}

/** The same by lines, as many as `linesOf` gives: a secret may go on below the line with its name. */
export function maskedLines(text: string): string[] {
  let rest: Rest | undefined
  return linesOf(text).map((line) => {
    const content = bare(line)
    const end = line.slice(content.length)
    const below = rest?.(content)
    if (below?.isOpen === false) rest = undefined
    if (below?.isSecret) return `${/^\s*/.exec(content)?.[0] ?? ''}***${end}`
    if (rest === undefined) rest = restOf(content)
    return maskLine(content) + end
  })
}

function maskLine(line: string): string {
  return mask(line)
    .replace(YAML_SECRET, '$1***')
    .replace(XML_SECRET, '$1***')
    .replace(NPM_SECRET, '$1***')
    .replace(YARN_SECRET, '$1***')
}

function restOf(line: string): Rest | undefined {
  const tag = OPEN_TAG.exec(line)?.[1]
  if (tag !== undefined) return (below) => ({ isSecret: true, isOpen: !below.includes(`</${tag}`) })
  const setting = SECRET_NAME.exec(line)
  if (setting === null) return undefined
  const [, indent = '', value = ''] = setting
  const quotes = /^("""|''')(?!.*\1)/.exec(value)?.[1]
  if (quotes !== undefined) return (below) => ({ isSecret: true, isOpen: !below.includes(quotes) })
  // YAML's scalars and INI's values go on in lines further in; without a value here, those may be a map.
  return (below) => {
    if (below.trim() === '') return { isSecret: false, isOpen: true }
    const isFurtherIn = below.search(/\S/) > indent.length
    return { isSecret: isFurtherIn && (value !== '' || !NAMED.test(below)), isOpen: isFurtherIn }
  }
}
