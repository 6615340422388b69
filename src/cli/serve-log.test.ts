import { expect, test } from 'bun:test'
import { ServeLog } from './serve-log.ts'

const entry = {
  atMs: 0,
  ecosystem: 'go',
  method: 'GET',
  path: '/go/m/@v/list',
  status: 200,
  outcome: 'hit',
  bytes: 1,
  durationMs: 1,
}

test('the form of both logs changes while they are held', async () => {
  const told = { out: '', err: '' }
  const sinkOf = (name: 'out' | 'err') => async (text: string) => {
    told[name] += text
  }
  const logs = new ServeLog({
    format: 'text',
    stdout: sinkOf('out'),
    stderr: sinkOf('err'),
    color: false,
    width: () => undefined,
  })
  const { log, requestLog } = logs
  const tell = async () => {
    told.out = told.err = ''
    log.info('hello')
    if (requestLog.on) requestLog.log(entry)
    await Promise.all([
      logs.out.flush(AbortSignal.timeout(1_000)),
      logs.err.flush(AbortSignal.timeout(1_000)),
    ])
    return told
  }
  expect((await tell()).err).toContain(' info     hello\n')
  logs.use('json')
  await tell()
  expect(JSON.parse(told.err)).toMatchObject({ level: 'info', message: 'hello' })
  expect(JSON.parse(told.out)).toMatchObject({ outcome: 'hit', path: '/go/m/@v/list' })
  logs.use('off')
  expect(await tell()).toEqual({ out: '', err: '' })
})
