import { describe, expect, test } from 'bun:test'
import { openNote, parseVerifierKey, type VerifierKey } from './note.ts'
import { createNoteSigner } from './note-signer.ts'

/** The example of the documentation of golang.org/x/mod/sumdb/note. */
const KEY = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'
const TEXT =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
const LINE =
  '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n'

function keyOf(text: string): VerifierKey {
  const parsed = parseVerifierKey(text)
  if (!parsed.ok) throw new Error(parsed.problem)
  return parsed.key
}

const open = (text: string, key = KEY) => openNote(Buffer.from(text), keyOf(key))

describe('verifier keys', () => {
  test.each([
    [''],
    ['name'],
    ['PeterNeumann+c74f20a3'],
    ['PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'],
    ['Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'],
    ['PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10T'],
    ['+c74f20a3+AhpcgA=='],
    ['+c74f20a3+ARpc'],
  ])('refuses %p', (text) => {
    expect(parseVerifierKey(text).ok).toBe(false)
  })

  test('a signer of a test database has a key that is read back', () => {
    const signer = createNoteSigner('sum.example/x', new Uint8Array(32).fill(1))
    expect(open(signer.sign('hello\n'), signer.key)).toEqual({ ok: true, text: 'hello\n' })
  })
})

describe('signed notes', () => {
  test('opens what the key has signed', () => {
    expect(open(`${TEXT}\n${LINE}`)).toEqual({ ok: true, text: TEXT })
  })

  test('a key without a name takes the name from the note, when its hash fits', () => {
    expect(open(`${TEXT}\n${LINE}`, KEY.replace('PeterNeumann', ''))).toEqual({ ok: true, text: TEXT })
    const other = open(`${TEXT}\n${LINE.replace('Peter', 'Petra')}`, KEY.replace('PeterNeumann', ''))
    expect(other).toMatchObject({ ok: false, kind: 'bad-signature' })
  })

  test('passes over other signers', () => {
    const other = createNoteSigner('other.example', new Uint8Array(32).fill(2)).sign(TEXT).split('\n').at(-2)
    expect(open(`${TEXT}\n${other}\n${LINE}`).ok).toBe(true)
    expect(open(`${TEXT}\n${other}\n`)).toMatchObject({ ok: false, kind: 'bad-signature' })
  })

  test.each([
    ['a changed text', `${TEXT.replace('you', 'we')}\n${LINE}`],
    ['a changed signature', `${TEXT}\n${LINE.replace('ZJkuBS', 'ZJkuBT')}`],
    ['the right hash in another name', `${TEXT}\n${LINE.replace('Peter', 'Petra')}`],
  ])('%s is a bad signature', (_, note) => {
    expect(open(note)).toMatchObject({ ok: false, kind: 'bad-signature' })
  })

  test.each([
    ['nothing', ''],
    ['no signature', TEXT],
    ['an empty signature block', `${TEXT}\n`],
    ['no newline at the end', `${TEXT}\n${LINE.slice(0, -1)}`],
    ['a hyphen for the dash', `${TEXT}\n${LINE.replace('—', '-')}`],
    ['junk among the signatures', `${TEXT}\n${LINE}junk\n`],
    ['bad base64', `${TEXT}\n${LINE.replace('=', '')}`],
    ['a control character', `${TEXT.replace('you', 'y\u0001u')}\n${LINE}`],
    ['too many signatures', `${TEXT}\n${LINE.repeat(101)}`],
  ])('%s is malformed', (_, note) => {
    expect(open(note)).toMatchObject({ ok: false, kind: 'malformed' })
  })

  test('bytes that are not UTF-8 are malformed', () => {
    const bytes = Buffer.from(`${TEXT}\n${LINE}`)
    bytes[3] = 0xff
    expect(openNote(bytes, keyOf(KEY))).toMatchObject({ ok: false, kind: 'malformed' })
  })
})
