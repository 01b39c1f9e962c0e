import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import Table from "@cloudscape-design/components/table";
import Textarea from "@cloudscape-design/components/textarea";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useSearchParams } from "react-router-dom";

import { call } from "../../api/client";
import { ActionButton } from "../../common/action-button";
import { ErrorAlert } from "../../common/error-alert";
import { FormDialog } from "../../common/form-dialog";
import { useNotifications } from "../../common/notifications";
import { Time } from "../../common/time";
import { NameForm } from "./name-form";
import { addressOf, linesOf } from "./providers";
import { Tags } from "./tags";

/** An OpenID Connect provider. Its address has the ARN in the query, because an ARN has slashes. */
export default function Provider() {
  const [parameters] = useSearchParams();
  const arn = parameters.get("arn") ?? "";
  const [dialog, setDialog] = useState<"audience" | "thumbprints">();
  const { tell, fail } = useNotifications();
  const query = useQuery({
    queryKey: ["provider", arn],
    queryFn: () => call("iam", "GetOpenIDConnectProvider", { OpenIDConnectProviderArn: arn }),
  });
  if (query.isPending) return <Spinner size="large" />;
  if (query.isError) return <ErrorAlert error={query.error} onRetry={() => void query.refetch()} />;
  const provider = query.data;
  const changed = (told: string) => {
    tell(told);
    void query.refetch();
  };

  async function remove(ClientID: string) {
    try {
      await call("iam", "RemoveClientIDFromOpenIDConnectProvider", { OpenIDConnectProviderArn: arn, ClientID });
      changed(`Tokens for ${ClientID} no longer count.`);
    } catch (error) {
      fail(error);
    }
  }

  return (
    <ContentLayout header={<Header variant="h1">{addressOf(arn)}</Header>}>
      <SpaceBetween size="l">
        <Container
          header={
            <Header
              variant="h2"
              actions={
                <ActionButton
                  service="iam"
                  operation="UpdateOpenIDConnectProviderThumbprint"
                  onClick={() => setDialog("thumbprints")}
                >
                  Change thumbprints
                </ActionButton>
              }
            >
              Details
            </Header>
          }
        >
          <KeyValuePairs
            columns={2}
            items={[
              { label: "ARN", value: arn },
              { label: "Added", value: <Time at={provider.CreateDate} /> },
              {
                label: "Thumbprints",
                value: provider.ThumbprintList.length ? (
                  <Box variant="code">{provider.ThumbprintList.join(" ")}</Box>
                ) : (
                  "none: the system's authorities decide"
                ),
              },
            ]}
          />
        </Container>
        <Table
          items={provider.ClientIDList.map((id) => ({ id }))}
          trackBy="id"
          ariaLabels={{ tableLabel: "Audiences" }}
          header={
            <Header
              variant="h2"
              counter={`(${provider.ClientIDList.length})`}
              actions={
                <ActionButton
                  service="iam"
                  operation="AddClientIDToOpenIDConnectProvider"
                  onClick={() => setDialog("audience")}
                >
                  Add audience
                </ActionButton>
              }
            >
              Audiences
            </Header>
          }
          empty={<Box textAlign="center">No token counts without an audience</Box>}
          columnDefinitions={[
            { id: "id", header: "Client ID", cell: ({ id }) => id, isRowHeader: true },
            {
              id: "remove",
              header: "Remove",
              cell: ({ id }) => (
                <ActionButton
                  service="iam"
                  operation="RemoveClientIDFromOpenIDConnectProvider"
                  variant="inline-link"
                  ariaLabel={`Remove ${id}`}
                  onClick={() => void remove(id)}
                >
                  Remove
                </ActionButton>
              ),
            },
          ]}
        />
        <Tags kind="OpenIDConnectProvider" of={arn} />
      </SpaceBetween>
      {dialog === "audience" && (
        <NameForm
          title="Add audience"
          operation="AddClientIDToOpenIDConnectProvider"
          label="Client ID"
          input={(ClientID) => ({ OpenIDConnectProviderArn: arn, ClientID })}
          onClose={() => setDialog(undefined)}
          onDone={(id) => changed(`Tokens for ${id} count.`)}
        />
      )}
      {dialog === "thumbprints" && (
        <Thumbprints
          arn={arn}
          kept={provider.ThumbprintList}
          onClose={() => setDialog(undefined)}
          onDone={() => changed("The thumbprints are changed.")}
        />
      )}
    </ContentLayout>
  );
}

interface ThumbprintsProps {
  arn: string;
  kept: string[];
  onClose: () => void;
  onDone: () => void;
}

function Thumbprints({ arn, kept, onClose, onDone }: ThumbprintsProps) {
  const [text, setText] = useState(kept.join("\n"));
  return (
    <FormDialog
      title="Change thumbprints"
      verb="Change"
      service="iam"
      operation="UpdateOpenIDConnectProviderThumbprint"
      input={{ OpenIDConnectProviderArn: arn, ThumbprintList: linesOf(text) }}
      ready={text !== kept.join("\n")}
      onClose={onClose}
      onDone={onDone}
    >
      <FormField label="Thumbprints" description="SHA-1 in hexadecimal, one a line.">
        <Textarea value={text} onChange={({ detail }) => setText(detail.value)} autoFocus />
      </FormField>
    </FormDialog>
  );
}
