/** What RTP needs of a network. `net/` implements it with UDP sockets, tests with memory. */
export interface RtpPorts extends Disposable {
  /** Opens a free even port for RTP and the odd one above it for RTCP; rejects with NoFreePortError. */
  open(receiver: RtpReceiver): Promise<RtpSocket>
  /** Pairs that could be opened now. */
  readonly free: number
}

/** Where one leg's datagrams go as they arrive. A datagram may be kept; nothing else will write to it. */
export interface RtpReceiver {
  receiveRtp(datagram: Buffer, address: string, port: number): void
  receiveRtcp(datagram: Buffer, address: string, port: number): void
}

/** One leg's pair of ports. After `[Symbol.dispose]` nothing is sent or received; disposing twice is fine. */
export interface RtpSocket extends Disposable {
  /** The RTP port: even. RTCP has the next one. */
  readonly port: number
  /**
   * Hands a datagram to the network before it returns, so that the caller may write the next one into the same memory.
   * False when the network takes no more just now and the datagram was dropped.
   */
  sendRtp(datagram: Uint8Array, port: number, address: string): boolean
  sendRtcp(datagram: Uint8Array, port: number, address: string): boolean
}

/** Every port of the range is in use, or rests after a call. */
export class NoFreePortError extends Error {
  override readonly name = 'NoFreePortError'
}
