import { describe, expect, it } from "vitest";
import { begin, prove, timestampOf } from "../src/auth/srp";
// What amazon-cognito-identity-js 6.3.21 computes for given secrets: numbers with the first bit set, with an odd number of
// digits, short ones, a salt with a leading zero; passwords beyond ASCII.
import vectors from "./srp.vectors.json";

describe("SRP", () => {
  it.each(vectors.map((vector, index) => [index, vector] as const))(
    "agrees with AWS's own client (%i)",
    async (_, vector) => {
      const handshake = begin(BigInt(`0x${vector.secret}`));
      expect(handshake.srpA).toBe(vector.srp_a);
      const challenge = {
        SRP_B: vector.srp_b,
        SALT: vector.salt,
        SECRET_BLOCK: vector.secret_block,
        USER_ID_FOR_SRP: vector.user,
      };
      const signature = await prove(handshake, challenge, "Fake12345", vector.password, vector.timestamp);
      expect(signature).toBe(vector.signature);
    },
  );

  it("takes a fresh secret for each sign-in", () => {
    expect(begin().srpA).not.toBe(begin().srpA);
  });

  it("refuses a server's number that would give the key away", async () => {
    const zero = { SRP_B: "0", SALT: "ab", SECRET_BLOCK: "", USER_ID_FOR_SRP: "u" };
    await expect(prove(begin(), zero, "p", "x", "t")).rejects.toThrow("not safe");
  });

  it("signs the time as Cognito reads it: in English, the day without a zero", () => {
    expect(timestampOf(new Date("2026-11-01T09:05:03Z"))).toBe("Sun Nov 1 09:05:03 UTC 2026");
    expect(timestampOf(new Date("2026-11-21T23:05:03Z"))).toBe("Sat Nov 21 23:05:03 UTC 2026");
  });
});
