/** The few calls to Amazon Cognito that a browser needs, as its JSON protocol has them. */
import { asProblem, Problem } from "../api/problem";
import { begin, type Challenge, prove, timestampOf } from "./srp";

export interface Tokens {
  readonly access: string;
  /** Absent where a refresh leaves the old one valid. */
  readonly refresh: string | null;
  /** Seconds. */
  readonly expiresIn: number;
}

/** An invited user must choose a password before there are tokens. */
export interface NewPassword {
  readonly session: string;
  readonly username: string;
}

interface Pool {
  readonly cognito_endpoint: string;
  readonly user_pool_id: string;
  readonly client_id: string;
}

interface AuthAnswer {
  readonly ChallengeName?: string;
  readonly Session?: string;
  readonly ChallengeParameters?: Record<string, string>;
  readonly AuthenticationResult?: { AccessToken: string; RefreshToken?: string; ExpiresIn: number };
}

export class Cognito {
  constructor(private readonly pool: Pool) {}

  /** Sign in with an e-mail address and a password, which is never sent. Throws a Problem. */
  async signIn(email: string, password: string): Promise<Tokens | NewPassword> {
    const handshake = begin();
    const answer = await this.call<AuthAnswer>("InitiateAuth", {
      AuthFlow: "USER_SRP_AUTH",
      ClientId: this.pool.client_id,
      AuthParameters: { USERNAME: email, SRP_A: handshake.srpA },
    });
    if (answer.ChallengeName !== "PASSWORD_VERIFIER") throw unsupported(answer.ChallengeName);
    const challenge = answer.ChallengeParameters as unknown as Challenge;
    const timestamp = timestampOf(new Date());
    const poolName = this.pool.user_pool_id.split("_")[1] ?? "";
    const proven = await this.call<AuthAnswer>("RespondToAuthChallenge", {
      ChallengeName: "PASSWORD_VERIFIER",
      ClientId: this.pool.client_id,
      ...(answer.Session ? { Session: answer.Session } : {}),
      ChallengeResponses: {
        USERNAME: challenge.USER_ID_FOR_SRP,
        PASSWORD_CLAIM_SECRET_BLOCK: challenge.SECRET_BLOCK,
        PASSWORD_CLAIM_SIGNATURE: await prove(handshake, challenge, poolName, password, timestamp),
        TIMESTAMP: timestamp,
      },
    });
    if (proven.ChallengeName !== "NEW_PASSWORD_REQUIRED") return tokens(proven);
    return { session: proven.Session ?? "", username: challenge.USER_ID_FOR_SRP };
  }

  /** Accept an invitation by choosing a password. */
  async choosePassword(invited: NewPassword, password: string): Promise<Tokens> {
    return tokens(
      await this.call<AuthAnswer>("RespondToAuthChallenge", {
        ChallengeName: "NEW_PASSWORD_REQUIRED",
        ClientId: this.pool.client_id,
        Session: invited.session,
        ChallengeResponses: { USERNAME: invited.username, NEW_PASSWORD: password },
      }),
    );
  }

  /** Return new tokens for a refresh token. */
  async refresh(token: string): Promise<Tokens> {
    return tokens(
      await this.call<AuthAnswer>("InitiateAuth", {
        AuthFlow: "REFRESH_TOKEN_AUTH",
        ClientId: this.pool.client_id,
        AuthParameters: { REFRESH_TOKEN: token },
      }),
    );
  }

  /** Have a code sent to an address; whether somebody has it is not told. */
  async forgotPassword(email: string): Promise<void> {
    await this.call("ForgotPassword", { ClientId: this.pool.client_id, Username: email });
  }

  /** Set a new password by a code that was sent. */
  async confirmPassword(email: string, code: string, password: string): Promise<void> {
    await this.call("ConfirmForgotPassword", {
      ClientId: this.pool.client_id,
      Username: email,
      ConfirmationCode: code,
      Password: password,
    });
  }

  /** Change the password of who is signed in. */
  async changePassword(access: string, previous: string, next: string): Promise<void> {
    await this.call("ChangePassword", { AccessToken: access, PreviousPassword: previous, ProposedPassword: next });
  }

  /** Make a refresh token, and what it gave, worthless. */
  async revoke(refresh: string): Promise<void> {
    await this.call("RevokeToken", { ClientId: this.pool.client_id, Token: refresh });
  }

  private async call<T>(action: string, body: unknown): Promise<T> {
    let response: Response;
    try {
      response = await fetch(this.pool.cognito_endpoint, {
        method: "POST",
        headers: {
          "Content-Type": "application/x-amz-json-1.1",
          "X-Amz-Target": `AWSCognitoIdentityProviderService.${action}`,
        },
        body: JSON.stringify(body),
        credentials: "omit",
      });
    } catch (error) {
      throw asProblem(error);
    }
    const text = await response.text();
    const answer = text ? (JSON.parse(text) as Record<string, unknown>) : {};
    if (response.ok) return answer as T;
    const type =
      String(answer.__type ?? "")
        .split("#")
        .pop() ?? "";
    const message = String(answer.message ?? answer.Message ?? "");
    throw new Problem(response.status, WORDS[type] ?? "Sign-in is not possible right now", message, type);
  }
}

const WORDS: Record<string, string> = {
  NotAuthorizedException: "The e-mail address or the password is not right",
  UserNotFoundException: "The e-mail address or the password is not right",
  InvalidPasswordException: "This password is too simple",
  CodeMismatchException: "This is not the code that was sent",
  ExpiredCodeException: "The code is no longer valid: ask for another",
  LimitExceededException: "Too many attempts: try again later",
  TooManyRequestsException: "Too many attempts: try again later",
  PasswordResetRequiredException: "Your password must be reset: use “Forgotten password”",
  InvalidParameterException: "Something is missing or not valid",
};

function tokens(answer: AuthAnswer): Tokens {
  const result = answer.AuthenticationResult;
  if (!result) throw unsupported(answer.ChallengeName);
  return { access: result.AccessToken, refresh: result.RefreshToken ?? null, expiresIn: result.ExpiresIn };
}

function unsupported(challenge: string | undefined): Problem {
  return new Problem(400, "This way to sign in is not supported", challenge ?? "", "");
}
