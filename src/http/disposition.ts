/**
 * `Content-Disposition` for a body that a browser may save: `inline`, with a name that no browser reads as
 * a path, a device or a second header (RFC 6266). The name is plain ASCII: what is not a letter, a digit or
 * one of `.@+-_!~` becomes `_`, dots and blanks at both ends go, and it is cut to 180 characters, keeping
 * its end, where version and extension stand.
 */
export function disposition(filename: string): string {
  return `inline; filename="${safeName(filename)}"`
}

const MAX_NAME = 180
const DEVICE = /^(?:con|prn|aux|nul|com\d|lpt\d)(?=\.|$)/i

function safeName(filename: string): string {
  const name = filename
    .replace(/[^A-Za-z0-9.@+\-_!~]+/g, '_')
    .slice(-MAX_NAME)
    .replace(/^[._~-]+|[._]+$/g, '')
  if (name === '') return 'download'
  return DEVICE.test(name) ? `_${name}` : name
}
