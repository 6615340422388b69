/** What a source says beside a refusal, for the user to read. */

import type { HttpResponse } from './http-response.ts'

/** As much as `go` shows of an error's body, and only plain text in a charset that it shows. */
const maxLines = 8
const maxTextBytes = 648
/** A longer body is not worth the wait for the sake of its connection. */
const maxDrainBytes = 16_384

/** The first lines of a plain-text body, else an empty string. Reads the body to its end when that is near. */
export async function readText(response: HttpResponse): Promise<string> {
  const { body, sizeBytes = 0 } = response
  const parts: Uint8Array[] = []
  if (sizeBytes <= maxDrainBytes) {
    try {
      for (let size = 0; size <= maxDrainBytes; ) {
        const chunk = await body.next()
        if (chunk === undefined) break
        size += chunk.length
        parts.push(chunk)
      }
    } catch {
      // The status is the answer; a text that breaks off is shown as far as it came.
    }
  }
  body.discard()
  if (!isShownText(response.headers.get('content-type'))) return ''
  const bytes = Buffer.concat(parts).subarray(0, maxTextBytes)
  const text = new TextDecoder().decode(bytes).replaceAll('\r', '')
  return text.split('\n').slice(0, maxLines).join('\n').trim()
}

function isShownText(contentType: string | undefined): boolean {
  const [type = '', ...parameters] = (contentType ?? '').toLowerCase().split(';')
  if (type.trim() !== 'text/plain') return false
  const charset = parameters.map((text) => text.trim()).find((text) => text.startsWith('charset='))
  return charset === undefined || /^charset="?(utf-8|us-ascii)"?$/.test(charset)
}
