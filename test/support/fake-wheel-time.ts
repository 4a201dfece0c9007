import type { WheelTime } from '../../src/media/timer-wheel.ts'

/** Monotonic time that moves only when a test moves it, with one alarm at a time, as the wheel uses it. */
export class FakeWheelTime implements WheelTime {
  #now = 1_000.25
  #alarm: { readonly dueAt: number; readonly callback: () => void } | undefined
  /** How late the next alarm goes off, in milliseconds. */
  oversleep: () => number = () => 0

  readonly now = () => this.#now

  wakeAfter(ms: number, callback: () => void): Disposable {
    assertFree(this.#alarm === undefined)
    const alarm = { dueAt: this.#now + ms, callback }
    this.#alarm = alarm
    return {
      [Symbol.dispose]: () => {
        if (this.#alarm === alarm) this.#alarm = undefined
      },
    }
  }

  get asleep(): boolean {
    return this.#alarm === undefined
  }

  /** Lets time pass; alarms go off when they are due, or a little later. */
  advance(ms: number): void {
    const end = this.#now + ms
    while (this.#alarm && this.#alarm.dueAt <= end) {
      const { dueAt, callback } = this.#alarm
      this.#alarm = undefined
      this.#now = Math.max(this.#now, dueAt + this.oversleep())
      callback()
    }
    this.#now = Math.max(this.#now, end)
  }

  /** Time passes while nothing can run; what was due is done at its end. */
  stall(ms: number): void {
    this.#now += ms
    this.advance(0)
  }
}

function assertFree(free: boolean): void {
  if (!free) throw new Error('the wheel set a second alarm')
}
