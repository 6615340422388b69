/** Takes secrets out of what is shown: lines of a log, messages, addresses. */

const MASK = '***'

/** Most lines hold none of these, and are left alone at the price of one look. */
const SUSPECT = /:\/\/|=|bearer|basic|authori[sz]ation|cookie|token|password|secret/i

// Every run before a fixed word is bounded: clients choose these texts, and an unbounded one is quadratic.
const USERINFO = /([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/?#"'<>]*@/gi
const HEADER =
  /\b((?:proxy-)?authori[sz]ation|(?:set-)?cookie|x-[a-z-]{0,40}(?:token|key))(["']?\s*[:=]\s*["']?)[^"'\r\n]+/gi
const BEARER = /\b(bearer)\s+[A-Za-z0-9._~+/=-]{8,}/gi
/** Base64 of a name and a password nearly always holds a capital or a digit; an English word does not. */
const BASIC = /\b([Bb]asic)\s+(?=[a-z+/]*[A-Z0-9=])[A-Za-z0-9+/]{6,}={0,2}/g
const SECRET_NAME =
  '[\\w.-]{0,64}(?:token|secret|passw(?:or)?d|passphrase|pwd|signature|credential|api[-_]?key|access[-_]?key|private[-_]?key)[\\w.-]{0,64}|_?auth|sig|jwt|key'
const PARAMETER = new RegExp(`(?<![\\w.-])(${SECRET_NAME})(["']?\\s*=\\s*["']?)[^&;\\s"'#,]+`, 'gi')
const FIELD = new RegExp(`(["'](?:${SECRET_NAME})["']\\s*:\\s*["'])[^"']+`, 'gi')

/**
 * Replaces what looks like a secret by `***`: user and password in an address, the values of
 * `Authorization` and cookie headers, bearer and basic credentials, and parameters or fields whose name
 * says so. Names and everything else stay readable.
 */
export function mask(text: string): string {
  if (!SUSPECT.test(text)) return text
  return text
    .replace(USERINFO, `$1${MASK}@`)
    .replace(HEADER, `$1$2${MASK}`)
    .replace(BEARER, `$1 ${MASK}`)
    .replace(BASIC, `$1 ${MASK}`)
    .replace(PARAMETER, `$1$2${MASK}`)
    .replace(FIELD, `$1${MASK}`)
}

const MIN_SECRET_LENGTH = 4

/** `mask`, which also replaces these very values wherever they stand; too short ones are left alone. */
export function maskOf(secrets: Iterable<string>): (text: string) => string {
  const known = [...secrets]
    .filter((secret) => secret.length >= MIN_SECRET_LENGTH)
    .flatMap((secret) => [secret, encodeURIComponent(secret)])
    .sort((a, b) => b.length - a.length)
  return (text) => mask(known.reduce((masked, secret) => masked.replaceAll(secret, MASK), text))
}
