// Thread entry: turns WAV files into prompts and keeps them on disk.
import { parentPort, workerData } from 'node:worker_threads'
import { openResampler } from './audio/resample.ts'
import { servePromptThread } from './speech/prompt-thread.ts'

if (!parentPort) throw new Error('this file is the entry of a worker thread')
servePromptThread(parentPort, workerData, await openResampler())
