import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useSearchParams } from "react-router-dom";

import { call } from "../../api/client";
import { ActionButton } from "../../common/action-button";
import { ErrorAlert } from "../../common/error-alert";
import { FormDialog } from "../../common/form-dialog";
import { useNotifications } from "../../common/notifications";
import { Time } from "../../common/time";
import { Metadata, ValidUntilTime, nameOfSaml } from "./saml-providers";
import { Tags } from "./tags";
import { recipient, trustOfSaml, withStatement } from "./trusted";

/** A SAML provider. Its address has the ARN in the query, because an ARN has slashes. */
export default function SamlProvider() {
  const [parameters] = useSearchParams();
  const arn = parameters.get("arn") ?? "";
  const [isReplacing, setReplacing] = useState(false);
  const { tell } = useNotifications();
  const query = useQuery({
    queryKey: ["saml-provider", arn],
    queryFn: () => call("iam", "GetSAMLProvider", { SAMLProviderArn: arn }),
  });
  if (query.isPending) return <Spinner size="large" />;
  if (query.isError) return <ErrorAlert error={query.error} onRetry={() => void query.refetch()} />;
  const provider = query.data;
  return (
    <ContentLayout header={<Header variant="h1">{nameOfSaml(arn)}</Header>}>
      <SpaceBetween size="l">
        <Container
          header={
            <Header
              variant="h2"
              actions={
                <ActionButton service="iam" operation="UpdateSAMLProvider" onClick={() => setReplacing(true)}>
                  Replace metadata
                </ActionButton>
              }
            >
              Details
            </Header>
          }
        >
          <SpaceBetween size="m">
            <KeyValuePairs
              columns={2}
              items={[
                { label: "ARN", value: arn },
                { label: "Identifier", value: provider.SAMLProviderUUID },
                { label: "Added", value: <Time at={provider.CreateDate} /> },
                { label: "Metadata good until", value: <ValidUntilTime at={provider.ValidUntil} /> },
              ]}
            />
            <ExpandableSection headerText="Metadata">
              <Box variant="code">
                <pre className="record">{provider.SAMLMetadataDocument}</pre>
              </Box>
            </ExpandableSection>
          </SpaceBetween>
        </Container>
        <Container header={<Header variant="h2">What to tell the provider</Header>}>
          <SpaceBetween size="m">
            <KeyValuePairs
              items={[
                { label: "Recipient (also called ACS, reply or destination address)", value: recipient() },
                { label: "Attribute with the role", value: "https://aws.amazon.com/SAML/Attributes/Role" },
                { label: "Its value", value: `ARN of the role,${arn}` },
                {
                  label: "Attribute with the name of the session",
                  value: "https://aws.amazon.com/SAML/Attributes/RoleSessionName",
                },
              ]}
            />
            <ExpandableSection headerText="Trust policy of a role that trusts it">
              <Box variant="code">
                <pre className="command">{withStatement("", trustOfSaml(arn))}</pre>
              </Box>
            </ExpandableSection>
          </SpaceBetween>
        </Container>
        <Tags kind="SAMLProvider" of={arn} />
      </SpaceBetween>
      {isReplacing && (
        <Replace
          arn={arn}
          onClose={() => setReplacing(false)}
          onDone={() => {
            tell("The metadata is replaced. It counts from the next sign-in on.");
            void query.refetch();
          }}
        />
      )}
    </ContentLayout>
  );
}

function Replace({ arn, onClose, onDone }: { arn: string; onClose: () => void; onDone: () => void }) {
  const [text, setText] = useState("");
  return (
    <FormDialog
      title="Replace the metadata"
      verb="Replace"
      service="iam"
      operation="UpdateSAMLProvider"
      input={{ SAMLProviderArn: arn, SAMLMetadataDocument: text }}
      ready={text !== ""}
      onClose={onClose}
      onDone={onDone}
    >
      <Metadata value={text} onChange={setText} />
    </FormDialog>
  );
}
