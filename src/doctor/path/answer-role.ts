import type { Meaning } from './channels/channel.ts'

/** Who speaks: a hop on the way, the target, or somebody who refuses in the target's place. */
export type AnswerRole = 'hop' | 'target' | 'refusal'

/** An ICMP "port unreachable" is the target's own only when the target sent it: firewalls use it to reject. */
export function answerRole(meaning: Meaning, host: string, target: string): AnswerRole {
  switch (meaning) {
    case 'expired':
    case 'other':
    case 'too-big':
      return 'hop'
    case 'syn-ack':
    case 'reset':
    case 'echo':
    case 'datagram':
      return 'target'
    case 'port':
      return host === target ? 'target' : 'refusal'
    case 'prohibited':
    case 'net':
    case 'host':
    case 'protocol':
      return 'refusal'
  }
}
