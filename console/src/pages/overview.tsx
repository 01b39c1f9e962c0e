import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";

import { RouteLink } from "../common/route-link";
import { usePermissions } from "../permissions";
import { GROUPS, PAGES } from "./pages";

export default function Overview() {
  const permissions = usePermissions();
  const chime = [...permissions.of].filter(([name]) => name.startsWith("chime/"));
  const allowed = chime.filter(([, one]) => one.extent !== "DENIED");
  return (
    <ContentLayout header={<Header variant="h1">Overview</Header>}>
      <SpaceBetween size="l">
        {allowed.length === 0 && (
          <Alert type="warning" header="You have no permission for Amazon Chime">
            The least that this console needs is the managed policy <Box variant="code">AmazonChimeReadOnly</Box>. Ask
            whoever administers IAM in this AWS account to attach it to you or to one of your groups.
          </Alert>
        )}
        <Container header={<Header variant="h2">Who you are</Header>}>
          <KeyValuePairs
            columns={2}
            items={[
              { label: "Principal", value: permissions.principal },
              {
                label: "Chime actions allowed to you",
                value: `${allowed.length} of ${chime.length}`,
              },
            ]}
          />
        </Container>
        {GROUPS.filter((group) => group !== "Overview").map((group) => (
          <Container key={group} header={<Header variant="h2">{group}</Header>}>
            <SpaceBetween size="xs">
              {PAGES.filter((page) => page.group === group && page.menu === page.path).map((page) => (
                <RouteLink key={page.path} to={page.path}>
                  {page.title}
                </RouteLink>
              ))}
            </SpaceBetween>
          </Container>
        ))}
      </SpaceBetween>
    </ContentLayout>
  );
}
