/**
 * Secure Remote Password as Cognito speaks it (USER_SRP_AUTH): the password proves itself and never leaves the browser.
 *
 * SRP-6a with SHA-256, the 3072-bit prime of RFC 5054 and generator 2; a number is hashed as signed big-endian bytes.
 * See docs/decisions/0006-sign-in-without-a-library.md; tests/srp.test.ts holds it against AWS's own client.
 */
const N = BigInt(
  "0xFFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD" +
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED" +
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F" +
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B" +
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510" +
    "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7" +
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C" +
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
);
const G = 2n;
const INFO = new TextEncoder().encode("Caldera Derived Key\u0001");

/** One sign-in's secret and the public number that opens it. */
export interface Handshake {
  readonly secret: bigint;
  readonly srpA: string;
}

/** What Cognito answers to the public number. */
export interface Challenge {
  readonly SRP_B: string;
  readonly SALT: string;
  readonly SECRET_BLOCK: string;
  readonly USER_ID_FOR_SRP: string;
}

/** Begin a sign-in with a fresh secret of 1024 bits, or a given one. */
export function begin(secret = bigint(crypto.getRandomValues(new Uint8Array(128)))): Handshake {
  return { secret, srpA: power(G, secret).toString(16) };
}

/** Return the signature that proves the password. Throws where the server's numbers are not safe to use. */
export async function prove(
  handshake: Handshake,
  challenge: Challenge,
  poolName: string,
  password: string,
  timestamp: string,
): Promise<string> {
  const a = BigInt(`0x${handshake.srpA}`);
  const b = BigInt(`0x${challenge.SRP_B}`);
  const u = bigint(await hash(bytes(a), bytes(b)));
  if (b % N === 0n || u === 0n) throw new Error("The server's answer is not safe to use.");
  const who = poolName + challenge.USER_ID_FOR_SRP;
  const inner = await hash(utf8(`${who}:${password}`));
  const x = bigint(await hash(bytes(BigInt(`0x${challenge.SALT}`)), inner));
  const k = bigint(await hash(bytes(N), bytes(G)));
  const base = (((b - k * power(G, x)) % N) + N) % N;
  const shared = power(base, handshake.secret + u * x);
  const key = (await hmac(await hmac(bytes(u), bytes(shared)), INFO)).slice(0, 16);
  const signed = join(utf8(who), fromBase64(challenge.SECRET_BLOCK), utf8(timestamp));
  return btoa(String.fromCharCode(...(await hmac(key, signed))));
}

/** Return a time as Cognito signs it: `Sat Nov 1 09:05:00 UTC 2026`, in English, the day without a zero. */
export function timestampOf(now: Date): string {
  const [weekday, day, month, year, time] = now.toUTCString().replace(",", "").split(" ");
  return `${weekday} ${month} ${Number(day)} ${time} UTC ${year}`;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base % N;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % N;
    square = (square * square) % N;
  }
  return result;
}

function bytes(value: bigint): Uint8Array<ArrayBuffer> {
  let hex = value.toString(16);
  if (hex.length % 2 === 1) hex = `0${hex}`;
  if (/^[89a-f]/.test(hex)) hex = `00${hex}`; // signed: the first bit says that it is not below zero
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function bigint(value: Uint8Array): bigint {
  return BigInt(`0x${Array.from(value, (byte) => byte.toString(16).padStart(2, "0")).join("")}`);
}

async function hash(...parts: Uint8Array<ArrayBuffer>[]): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", join(...parts)));
}

async function hmac(key: Uint8Array<ArrayBuffer>, message: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const imported = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, message));
}

function join(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(parts.flatMap((part) => Array.from(part)));
}

function utf8(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new TextEncoder().encode(text));
}

function fromBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
