import { useState } from "preact/hooks";
import type { Me } from "../api/client";
import { useApp } from "../app";
import { formatNumber } from "../format/numbers";
import { THEMES } from "../state/theme";
import { announce } from "../ui/announce";
import { Note, ProblemNote } from "../ui/feedback";
import { Field, Form, Select, useSubmission } from "../ui/form";
import { NewPasswordField } from "./SignIn";
import { useVenueNames } from "./UserParts";
import { words } from "./words";

const LOCALES = [
  { value: "en-AU", label: "English (Australia)" },
  { value: "en-GB", label: "English (United Kingdom)" },
  { value: "en-NZ", label: "English (New Zealand)" },
  { value: "en-US", label: "English (United States)" },
];

/** The own profile: name, how numbers are written, light or dark, the password. */
export function ProfilePage() {
  const { me } = useApp();
  const venueNames = useVenueNames();
  return (
    <>
      <h1 tabIndex={-1}>Your profile</h1>
      <p class="lead">
        {me.data.email} · {words(me.data.role)} · {venueNames(me.data.venues)}
      </p>
      <div class="columns">
        <Preferences key={me.etag} />
        <Password />
      </div>
    </>
  );
}

function Preferences() {
  const { client, me, setMe } = useApp();
  const [name, setName] = useState(me.data.display_name);
  const [locale, setLocale] = useState(me.data.locale);
  const [theme, setTheme] = useState(me.data.theme);
  const submission = useSubmission();
  const outdated = submission.problem?.status === 412;
  const save = async () => {
    setMe(await client.change<Me>("PATCH", "/me", me.etag, { display_name: name, locale, theme }));
    announce("Your profile is saved.");
  };
  const look = () => submission.run(async () => setMe(await client.read<Me>("/me")));
  const known = LOCALES.some(({ value }) => value === locale)
    ? LOCALES
    : [...LOCALES, { value: locale, label: locale }];
  return (
    <section class="panel" aria-labelledby="preferences">
      <h2 id="preferences">Preferences</h2>
      <Form submit={() => void submission.run(save)}>
        {submission.problem && (
          <ProblemNote problem={submission.problem} retry={outdated ? () => void look() : undefined} />
        )}
        <Field
          label="Name"
          value={name}
          change={setName}
          required
          maxLength={100}
          autocomplete="name"
          error={submission.errorOf("display_name")}
        />
        <Select label="Numbers and dates" value={locale} options={known} change={setLocale} />
        <p class="faint under">For example {formatNumber("12345.6", "AUD")}.</p>
        <Select
          label="Colours"
          value={theme}
          options={THEMES.map((value) => ({ value, label: value === "system" ? "As the system" : words(value) }))}
          change={setTheme}
        />
        <button type="submit" class="button primary" disabled={submission.busy}>
          Save
        </button>
      </Form>
    </section>
  );
}

function Password() {
  const { session } = useApp();
  const [previous, setPrevious] = useState("");
  const [next, setNext] = useState("");
  const [done, setDone] = useState(false);
  const submission = useSubmission();
  const change = async () => {
    setDone(false);
    await session.changePassword(previous, next);
    setPrevious("");
    setNext("");
    setDone(true);
  };
  return (
    <section class="panel" aria-labelledby="password">
      <h2 id="password">Password</h2>
      <Form submit={() => void submission.run(change)}>
        {submission.problem && <ProblemNote problem={submission.problem} />}
        {done && (
          <div role="status">
            <Note tone="good">Your password is changed.</Note>
          </div>
        )}
        <Field
          label="Current password"
          type="password"
          value={previous}
          change={setPrevious}
          autocomplete="current-password"
          required
        />
        <NewPasswordField value={next} change={setNext} />
        <button type="submit" class="button primary" disabled={submission.busy}>
          Change the password
        </button>
      </Form>
    </section>
  );
}
