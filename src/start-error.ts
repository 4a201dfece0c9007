/** Linnet can't start, or a command can't run. The message is one line: what is wrong, and how to mend it. */
export class StartError extends Error {
  override readonly name = 'StartError'
}
