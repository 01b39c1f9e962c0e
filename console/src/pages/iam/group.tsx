import Box from "@cloudscape-design/components/box";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "react-router-dom";

import { call } from "../../api/client";
import { ErrorAlert } from "../../common/error-alert";
import { RouteLink } from "../../common/route-link";
import { PoliciesPanel } from "./policies-panel";

export default function Group() {
  const { groupName: GroupName = "" } = useParams();
  const query = useQuery({
    queryKey: ["iam-group", GroupName],
    queryFn: () => call("iam", "GetGroup", { GroupName, MaxItems: 1000 }),
  });
  return (
    <ContentLayout header={<Header variant="h1" description={query.data?.Group.Arn}>{GroupName}</Header>}>
      <SpaceBetween size="l">
        {query.isError && <ErrorAlert error={query.error} onRetry={() => void query.refetch()} />}
        <Table
          items={query.data?.Users ?? []}
          loading={query.isPending}
          loadingText="Loading members"
          trackBy="UserId"
          ariaLabels={{ tableLabel: "Members" }}
          header={<Header variant="h2">Members</Header>}
          empty={<Box textAlign="center">Nobody is in this group</Box>}
          columnDefinitions={[
            {
              id: "name",
              header: "User",
              isRowHeader: true,
              cell: (user) => <RouteLink to={`/iam/users/${user.UserName}`}>{user.UserName}</RouteLink>,
            },
            { id: "arn", header: "ARN", cell: (user) => user.Arn },
          ]}
        />
        <PoliciesPanel kind="Group" name={GroupName} />
      </SpaceBetween>
    </ContentLayout>
  );
}
