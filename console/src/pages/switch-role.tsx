import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useNavigate } from "react-router-dom";

import { switchRole } from "../api/client";
import { ErrorAlert } from "../common/error-alert";

export default function SwitchRole() {
  const asked = new URLSearchParams(window.location.search);
  const [account, setAccount] = useState(asked.get("account") ?? "");
  const [role, setRole] = useState(asked.get("roleName") ?? "");
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const queries = useQueryClient();
  const navigate = useNavigate();

  async function submit(event: FormEvent) {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      await switchRole(`arn:aws:iam::${account.trim()}:role/${role.trim()}`);
      queries.clear();
      navigate("/");
    } catch (error) {
      setError(error);
      setBusy(false);
    }
  }

  return (
    <ContentLayout
      header={
        <Header variant="h1" description="Go on with the permissions of a role, in this AWS account or another, for an hour.">
          Switch role
        </Header>
      }
    >
      <form onSubmit={(event) => void submit(event)}>
        <Container>
          <SpaceBetween size="m">
            {error !== undefined && <ErrorAlert error={error} />}
            <FormField label="Account ID" constraintText="12 digits.">
              <Input value={account} inputMode="numeric" onChange={({ detail }) => setAccount(detail.value)} />
            </FormField>
            <FormField label="Role" description="With its path, if it has one.">
              <Input value={role} onChange={({ detail }) => setRole(detail.value)} />
            </FormField>
            <Button
              variant="primary"
              formAction="submit"
              loading={busy}
              // A role can let somebody in whose own policies say nothing, so only trying tells.
              disabled={account === "" || role === ""}
            >
              Switch
            </Button>
          </SpaceBetween>
        </Container>
      </form>
    </ContentLayout>
  );
}
