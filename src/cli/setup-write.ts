import { applyChange } from '../clients/apply-change.ts'
import { clients } from '../clients/clients.ts'
import { SettingsFileError } from '../clients/file-text.ts'
import { shortPath } from '../clients/machine.ts'
import { type ClientSetup, prepareSetup } from '../clients/prepare-setup.ts'
import type { SetupJob } from './setup-job.ts'
import type { Done } from './setup-json.ts'
import { shown } from './setup-report.ts'
import { forgetFormer } from './setup-undo.ts'

/** Undefined when nothing was written because nobody said yes. */
export async function decideAndWrite(
  job: SetupJob,
  setups: readonly ClientSetup[],
): Promise<readonly Done[] | undefined> {
  const { io } = job
  if (!job.yes) {
    if (job.ask === undefined) {
      io.stderr.write('posthaste setup: nothing was written: there is no terminal to ask on; add --yes\n')
      return undefined
    }
    const count = setups.filter(hasChanges).length
    if (!(await job.ask(`\nWrite ${count === 1 ? 'this change' : 'these changes'}?`))) {
      io.stdout.write('nothing was written\n')
      return undefined
    }
  }
  const done: Done[] = []
  for (const setup of setups.filter(hasChanges)) done.push(...(await writeOne(job, setup, done)))
  if (!job.json) {
    for (const { path, failed } of done) {
      const name = shown(shortPath(path, job.machine))
      if (failed === undefined) io.stdout.write(`wrote ${name}\n`)
      else io.stderr.write(`posthaste setup: ${name} was not written: ${shown(failed)}\n`)
    }
    io.stdout.write(
      "'posthaste verify' shows whether it is in effect; 'posthaste setup --undo' puts everything back\n",
    )
  }
  return done
}

async function writeOne(job: SetupJob, planned: ClientSetup, earlier: readonly Done[]): Promise<Done[]> {
  const { machine, journal, now } = job
  const { client, wanted } = planned
  const isTouched = editsOf(planned).some((edit) => earlier.some(({ path }) => path === pathOf(edit)))
  // Clients can share a file: what one wrote is what the next starts from.
  const served = planned.isServed ? [client.ecosystem] : []
  const presence = await client.detect(machine)
  const setup = isTouched ? await prepareSetup({ machine, client, presence, wanted, served }) : planned
  const done: Done[] = []
  if (!setup.outcome.possible || !planned.outcome.possible) return done
  const { previous, sharedWith = [] } = planned.outcome.plan
  const formerOf = wanted.scope === 'user' ? [client.id, ...sharedWith] : []
  const remembering = clients.filter(({ id }) => formerOf.includes(id))
  for (const edit of setup.outcome.edits) {
    if (edit.kind !== 'change') continue
    const { path } = edit.change
    try {
      // Before the file changes: the server takes it for its upstream in its own place.
      if (previous !== undefined) for (const one of remembering) await journal.keepFormer(one, previous)
      await applyChange(edit.change, {
        journal,
        client: client.id,
        scope: wanted.scope,
        nowMs: now(),
        formerOf,
        address: wanted.address,
      })
      done.push({ client: client.id, path, failed: undefined })
    } catch (error) {
      const hint = error instanceof SettingsFileError ? ` (${error.hint})` : ''
      const reason = error instanceof Error ? error.message : String(error)
      done.push({ client: client.id, path, failed: reason + hint })
    }
  }
  if (done.some(({ failed }) => failed !== undefined)) await forgetFormer(journal)
  return done
}

export function editsOf({ outcome }: ClientSetup) {
  return outcome.possible ? outcome.edits : []
}

function pathOf(edit: ReturnType<typeof editsOf>[number]): string {
  return edit.kind === 'change' ? edit.change.path : edit.path
}

export function hasChanges(setup: ClientSetup): boolean {
  return editsOf(setup).some(({ kind }) => kind === 'change')
}
