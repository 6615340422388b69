import { mask } from '../observe/mask.ts'

const YAML_SECRET = /^(\s*(?:- )?["']?[\w.-]*(?:token|password|secret|ident|auth)[\w.-]*["']?\s*:\s*).+$/gim
const XML_SECRET = /(<(password|passphrase|privateKey)>)[^<]+/gi
/** npm's `//host/:_auth=…`, whose name the general rule does not start at. */
const NPM_SECRET = /(:_(?:authToken|auth|password)\s*=\s*).+$/gim

/** Takes secrets out of lines of settings files: `.npmrc`, TOML, YAML and settings.xml. */
export function maskSettings(text: string): string {
  return mask(text).replace(YAML_SECRET, '$1***').replace(XML_SECRET, '$1***').replace(NPM_SECRET, '$1***')
}
