/** What was asked for did not come in time; it may still come. */
export interface Late<T> {
  readonly late: Promise<T>
}

/** Waits for `work`, but not longer than `waitMs`; then says so and hands the work on. */
export async function withPatience<T extends object>(work: Promise<T>, waitMs: number): Promise<T | Late<T>> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const patience = new Promise<Late<T>>((resolve) => {
    timer = setTimeout(() => resolve({ late: work }), waitMs)
  })
  try {
    return await Promise.race([work, patience])
  } finally {
    clearTimeout(timer)
  }
}
