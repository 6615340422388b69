import { expect } from 'bun:test'
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { checkGoProject } from '../../src/doctor/probes/go-project.ts'
import { readGoValues } from '../../src/doctor/probes/go-settings.ts'
import { testUnless } from '../support/test-unless.ts'
import { goEnv, projectFaults, soundProjects, writtenProject } from './go-projects.ts'

/** What the real toolchain says of the module; empty when it is content. */
function complaint(
  cwd: string,
  env: Record<string, string>,
  command: readonly string[] = ['list', '-deps', '.'],
): Promise<string> {
  return new Promise((resolve) => {
    execFile('go', [...command], { cwd, env }, (error, _, stderr) => resolve(error ? stderr : ''))
  })
}

const needsGo = testUnless(Bun.which('go') === null ? "there is no 'go' command" : undefined)

for (const { fault, files, env, verdict, command } of projectFaults) {
  needsGo(`go itself stops: ${fault}`, async () => {
    await using project = await writtenProject(files)
    const cwd = join(project.path, 'm')
    expect(await complaint(cwd, goEnv(env), command)).not.toBe('')
    const facts = await checkGoProject((await readGoValues(goEnv(env), cwd)) ?? {})
    expect(facts.map(({ problem }) => problem)).toEqual([verdict])
  })
}

for (const [what, files] of Object.entries(soundProjects)) {
  needsGo(`go and the doctor are content: ${what}`, async () => {
    await using project = await writtenProject(files)
    const cwd = join(project.path, 'm')
    expect(await complaint(cwd, goEnv({}))).toBe('')
    expect(await checkGoProject((await readGoValues(goEnv({}), cwd)) ?? {})).toEqual([])
  })
}
